"""`trainables.data.report_page`: what is given stands on the page, and nothing in it can run."""

from pathlib import Path

from matplotlib.figure import Figure

from trainables.data.report_page import Gallery, Picture, Section, Table, png_of, write_page


def test_a_page_holds_its_parts_in_order_and_needs_no_other_file(tmp_path: Path) -> None:
    picture = Picture(png_of(Figure()), "a plot")
    parts = ["first", Table(("name", "boxes"), [("cap", 3), ("label", None)]), picture, Gallery([picture])]
    write_page(tmp_path / "page.html", "Check", [Section("Counts", parts)])
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    places = [
        page.index(word) for word in ("<h1>Check", "<h2>Counts", "first", "<td>cap", "<td>–", "a plot", 'gallery">')
    ]
    assert places == sorted(places)
    assert page.count("data:image/png;base64,") == 2 and "http" not in page


def test_names_of_files_cannot_run_on_a_page(tmp_path: Path) -> None:
    nasty = "<script>alert(1)</script>.png"
    write_page(tmp_path / "page.html", nasty, [Section(nasty, [nasty, Table((nasty,), [(nasty,)])])])
    assert "<script" not in (tmp_path / "page.html").read_text(encoding="utf-8")
