import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "RELIABILITY.md"


def rows() -> list[list[str]]:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if not line.startswith("| fault")]


def test_every_row_says_fault_outcome_and_test() -> None:
    assert all(len(row) == 3 and all(row) for row in rows())


def test_every_named_test_exists() -> None:
    missing = []
    for row in rows():
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row[2])
        assert named, f"a row must name its test: {row[0]}"
        missing += [
            f"{path}::{name}"
            for path, name in named
            if not (ROOT / path).is_file() or f"def {name}(" not in (ROOT / path).read_text(encoding="utf-8")
        ]
    assert not missing
