from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from results.errors import InputError
from results.faults import Faults
from results.yaml_nodes import ListNode, MapNode, Node, YamlForm, plain_value, read_yaml

FILE = YamlForm("a file", 32 * 1024, 400)
MAX_FILE_BYTES, MAX_ITEMS = FILE.most_bytes, FILE.most_items


def read(folder: Path, content: bytes) -> tuple[Node, Faults]:
    file = folder / "file.yaml"
    file.write_bytes(content)
    faults = Faults("file.yaml")
    return read_yaml(file, faults, FILE), faults


def refusal(folder: Path, content: bytes) -> str:
    with pytest.raises(InputError) as caught:
        read(folder, content)[1].raise_if_any()
    return caught.value.line()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1333x800", "1333x800"),
        ("none", "none"),
        ("yes", "yes"),
        ("1e-3", 0.001),
        ("-3", -3),
        ("0x10", "0x10"),
        ("2020-01-01", "2020-01-01"),
        ("True", True),
        ("~", None),
        ("1_000", "1_000"),
        ("9" * 30, 1e30),
    ],
)
def test_plain_scalars(text: str, value: object) -> None:
    assert plain_value(text) == value
    assert type(plain_value(text)) is type(value)


def test_nodes_know_their_lines(tmp_path: Path) -> None:
    root, _ = read(tmp_path, b"a: 1\n\nb:\n  - '2'\n  - {c: 3}\n")
    assert isinstance(root, MapNode)
    items = root.entries[1].value
    assert isinstance(items, ListNode)
    assert [root.entries[1].line, items.items[0].line, items.items[1].line] == [3, 4, 5]
    assert root.shown() == "{a: 1, b: [2, {c: 3}]}"


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"a: [1, 2\nb: 3\n", "file.yaml:2"),
        (b"a: 1\nb: \xff\n", "file.yaml:2"),
        (b"a: 1\nb: \x00\n", "file.yaml:2"),
        (b"a: &x [1]\nb: *x\n", "file.yaml:2"),
        (b"a: 1\n? [b, c]\n: 2\n", "file.yaml:2"),
        (b"a: 1\n<<: {b: 2}\n", "file.yaml:2"),
        (b"a: 1\n---\nb: 2\n", "file.yaml:2"),
        (b"a: " + b"[" * 5000 + b"]" * 5000, "file.yaml:1"),
        (b"a: 1\n" * MAX_FILE_BYTES, "file.yaml:1"),
        (b"a:\n" + b"- 1\n" * (MAX_ITEMS + 1), f"file.yaml:{MAX_ITEMS + 2}"),
        (b"".join(b"k%d: 1\n" % i for i in range(MAX_ITEMS + 1)), f"file.yaml:{MAX_ITEMS + 1}"),
        (b"b: 1\na: .inf\n", "file.yaml:2"),
        (b'b: 1\na: "\\x07"\n', "file.yaml:2"),
        (b"b: 1\na: 1\nb: 2\n", "file.yaml:3"),
        (b"a: !!python/object/apply:os.system ['touch planted']\n", "file.yaml:1"),
        (b"a: !!python/name:os.system\n", "file.yaml:1"),
    ],
)
def test_what_is_refused_has_a_line(tmp_path: Path, content: bytes, place: str) -> None:
    assert f"received {place}: " in refusal(tmp_path, content).splitlines()[0]


def test_a_hostile_tag_runs_nothing(tmp_path: Path) -> None:
    planted = tmp_path / "planted"
    refusal(tmp_path, f"a: !!python/object/apply:os.system ['touch {planted}']\n".encode())
    assert not planted.exists()


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can be read"):
        read_yaml(tmp_path, Faults("file.yaml"), FILE)


@settings(max_examples=150, deadline=None)
@given(content=st.one_of(st.binary(max_size=60), st.text("{}[]:,-&*!|>'\"%@#? \n\tab1", max_size=60).map(str.encode)))
def test_any_bytes_are_nodes_or_one_clean_refusal(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp()
    try:
        root, faults = read(folder, content)
        assert root.line >= 1
        faults.raise_if_any()
    except InputError as error:
        assert all("received file.yaml:" in line for line in error.line().splitlines())
