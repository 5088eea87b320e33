from pathlib import Path

import numpy as np
import pytest
from drawn_boxes import draw

from results.errors import DamagedFileError, InputError
from results.postprocess import default_settings
from results.prepared import prepare, prepare_truth
from results.rules import load_rule
from results.sweep import Sweep, joined, refined, sweep
from results.sweep_table import read_sweep, write_sweep


def swept(seed: int, kinds: tuple[str, ...] = ("hard", "soft_linear", "soft_gaussian")) -> Sweep:
    truth, raw = draw(seed, rows=400)
    return sweep(prepare(prepare_truth(truth, load_rule("voc50")), raw), default_settings(kinds))  # type: ignore[arg-type]


def test_a_table_comes_back(tmp_path: Path) -> None:
    table = swept(3).table
    write_sweep(tmp_path / "t.arrow", table, "data", "rule")
    found = read_sweep(tmp_path / "t.arrow", "data", "rule")
    assert found.settings == table.settings
    for name in ("category_id", "weight", "ap"):
        np.testing.assert_array_equal(getattr(found, name), getattr(table, name))
    for other in (("other", "rule"), ("data", "other")):
        with pytest.raises(InputError, match="own data and rule"):
            read_sweep(tmp_path / "t.arrow", *other)


def test_tables_join_and_known_rows_are_not_computed_again() -> None:
    hard, soft = swept(3, ("hard",)), swept(3, ("soft_linear",))
    both = joined([hard.table, soft.table, hard.table])
    assert len(both.settings) == 42
    marked = both.ap + 5
    again = sweep(
        hard.prepared,
        default_settings(("hard",)),
        known=type(both)(both.settings, both.category_id, both.weight, marked),
    )
    np.testing.assert_array_equal(again.table.ap, marked)


def test_damaged_tables_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.arrow"
    write_sweep(path, swept(3).table, "data", "rule")
    whole = path.read_bytes()
    for content in (
        b"",
        whole[:200],
        whole.replace(b"sweep/1", b"sweep/9"),
        whole.replace(b"soft_linear", b"soft_lineal"),
    ):
        path.write_bytes(content)
        with pytest.raises(DamagedFileError):
            read_sweep(path, "data", "rule")


def test_refinement_only_adds() -> None:
    for seed in range(5):
        coarse = swept(seed)
        fine = refined(coarse)
        assert fine.table.settings[:62] == coarse.table.settings
        assert fine.size > 62
        np.testing.assert_array_equal(fine.table.ap[:62], coarse.table.ap)
        best = [np.nanmax(part.table.ap, axis=0, initial=0) for part in (coarse, fine)]
        assert (best[1] >= best[0]).all()
