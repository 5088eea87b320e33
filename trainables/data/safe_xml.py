"""XML from strangers: elements and text, and nothing that can be made to expand, fetch or nest without end.

A document type is refused as such, so there are no entities but XML's own five: no bombs, no external files. Knows
nothing of what the elements mean.
"""

import codecs
import re
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from results.errors import InputError
from results.text_files import encoding_remedy

MOST_BYTES = 16 * 1024 * 1024
MOST_LEVELS = 32
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*?\?>")
_ENCODING = re.compile(rb"""\A\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
# What label tools are known to write; others, such as utf-7, only hide something.
_KNOWN = frozenset({"utf-8", "ascii", "iso8859-1", "cp1252", "gbk", "gb2312", "gb18030", "big5", "shift_jis", "euc_kr"})


def parse_xml(content: bytes, place: str) -> Element:
    """The root element.

    Raises:
        InputError: no well-formed XML, a document type, too large, too deep, or bytes that are not its encoding's.
    """
    if len(content) > MOST_BYTES:
        raise InputError(f"a label file has at most {MOST_BYTES} bytes", f"{place}: {len(content)}", "leave it out")
    text = _DECLARATION.sub("", decoded(content, place), count=1)
    builder = _Builder(place)
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = builder.doctype
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise InputError("the file is XML", f"{place}: {error}", "write it again, it may be cut off") from error
    return builder.root()


def decoded(content: bytes, place: str) -> str:
    """The text, by its byte order mark, else by the encoding it declares, else as UTF-8.

    Raises:
        InputError: an encoding that is not known, or bytes that are not its.
    """
    marked = next(((content[len(mark) :], name) for mark, name in _MARKS if content.startswith(mark)), None)
    body, name = marked or (content, _declared(content))
    try:
        known = codecs.lookup(name).name
        if marked is None and known not in _KNOWN:
            raise LookupError(f"encoding {name} is not read")
        return body.decode(known)
    except (LookupError, UnicodeDecodeError) as error:
        remedy = encoding_remedy(content) if isinstance(error, UnicodeDecodeError) else "save it as UTF-8"
        raise InputError("a label file is UTF-8, or says what it is", f"{place}: {error}", remedy) from error


def _declared(content: bytes) -> str:
    found = _ENCODING.match(content)
    return found.group(1).decode("ascii") if found else "utf-8"


class _Builder:
    """Builds the tree, and stops at what no label file needs."""

    def __init__(self, place: str) -> None:
        self._place, self._tree, self._level = place, TreeBuilder(), 0

    def doctype(self, name: str, *_rest: object) -> None:
        rule = "a label file has no document type (entities can expand without end, or fetch files)"
        raise InputError(rule, f"{self._place}: <!DOCTYPE {name:.40}", "remove it if you trust the file")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._level += 1
        if self._level > MOST_LEVELS:
            raise InputError(f"elements are nested at most {MOST_LEVELS} deep", f"{self._place}: {tag:.40}", "mend it")
        self._tree.start(tag, attributes)

    def end(self, tag: str) -> None:
        self._level -= 1
        self._tree.end(tag)

    def text(self, text: str) -> None:
        self._tree.data(text)

    def root(self) -> Element:
        return self._tree.close()
