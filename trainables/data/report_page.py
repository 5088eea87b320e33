"""One self-contained HTML page: headings, sentences, tables and pictures, as the commands on data sets write them.

It lays out what it is given and computes nothing; pictures are embedded, so that the page can be sent to somebody.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from results.layout import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STYLE = """
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem } h2 { font-size: 1.2rem; margin-top: 2.2rem; border-bottom: 1px solid #8886 }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums }
th, td { padding: .25rem .8rem; border-bottom: 1px solid #8883; text-align: left; vertical-align: top }
td.number, th.number { text-align: right }
figure { margin: 1rem 0 } figure img { max-width: 100%; background: #fff; border-radius: 4px }
figcaption { color: #777; font-size: .9rem }
.gallery { display: flex; flex-wrap: wrap; gap: 1rem } .gallery figure { margin: 0; max-width: 20rem }
"""
_DPI = 110


@dataclass(frozen=True)
class Picture:
    """A picture with what is to be said of it; `png` holds the file's bytes."""

    png: bytes
    caption: str


@dataclass(frozen=True)
class Table:
    """Rows under a head; numbers are right-aligned, None is shown as a dash."""

    head: Sequence[str]
    rows: Sequence[Sequence[object]]


@dataclass(frozen=True)
class Gallery:
    """Small pictures side by side."""

    pictures: Sequence[Picture]


@dataclass(frozen=True)
class Section:
    """A heading, and under it sentences, tables and pictures in the order given."""

    heading: str
    parts: Sequence[str | Table | Picture | Gallery]


def write_page(path: Path, title: str, sections: Sequence[Section]) -> None:
    """Writes the page, whole or not at all."""
    body = "\n".join(f"<h2>{escape(one.heading)}</h2>\n" + "\n".join(map(_part, one.parts)) for one in sections)
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    page = f'<!doctype html><html lang="en"><head>{head}</head><body><h1>{escape(title)}</h1>\n{body}\n</body></html>\n'
    write_atomically(path, page)


def png_of(figure: "Figure") -> bytes:
    """A matplotlib figure as a PNG file's bytes."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=_DPI, bbox_inches="tight")
    return buffer.getvalue()


def _part(part: str | Table | Picture | Gallery) -> str:
    match part:
        case str():
            return f"<p>{escape(part)}</p>"
        case Table():
            return _table(part)
        case Picture():
            return _figure(part)
        case Gallery():
            return f'<div class="gallery">{"".join(map(_figure, part.pictures))}</div>'


def _figure(picture: Picture) -> str:
    source = f"data:image/png;base64,{base64.b64encode(picture.png).decode()}"
    caption = escape(picture.caption)
    return f'<figure><img src="{source}" alt="{caption}"><figcaption>{caption}</figcaption></figure>'


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(word)}</th>" for word in table.head)
    rows = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in table.rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _cell(value: object) -> str:
    if value is None:
        return "<td>–</td>"
    kind = ' class="number"' if isinstance(value, int | float) else ""
    return f"<td{kind}>{escape(str(value))}</td>"
