import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from results.errors import InputError, InputErrors
from search_spaces.domains import Choice, Fixed, FloatRange, IntRange
from search_spaces.loading import find_space_file, load_space, profile_names
from search_spaces.space import Condition, MedianPruning, NoPruning, Space, SuccessiveHalving
from search_spaces.written_form import to_yaml

LoadText = Callable[..., Space]
FaultsOf = Callable[..., list[str]]

GOOD = """train:
  backbone: {choice: [small, large]}
  dcn: {choice: [none, v1], when: {backbone: [large]}}
  lr: {log: [1, 10]}
  width: {range: [2, 8], step: 2}
  depth: {range: [1, 3]}
  mixed: false
predict: {scale: {sweep: [10x10, 20x20]}, flip: true}
known: [{backbone: large, dcn: v1, lr: 2}]
profiles:
  demo:
    train: {backbone: large, lr: null, depth: {choice: [1, 2]}}
    post: {max_per_image: null}
    known: []
"""


def test_classes_that_suppress_each_other_have_one_setting(load_text: LoadText, faults_of: FaultsOf) -> None:
    across = load_text("train: {lr: 1}\npost: {suppress: across_classes}").post
    assert (across.suppress, across.per_class) == ("across_classes", "global")
    (fault,) = faults_of("train: {lr: 1}\npost: {suppress: across_classes, per_class: argmax}")
    assert ": argmax; write per_class: global" in fault
    assert load_text("train: {lr: 1}\npost: {per_class: argmax}").post.per_class == "argmax"


def test_each_form_of_a_dimension(load_text: LoadText) -> None:
    domains = {dimension.name: dimension.domain for dimension in load_text(GOOD).train}
    assert domains == {
        "backbone": Choice(("small", "large")),
        "dcn": Choice(("none", "v1")),
        "lr": FloatRange(1.0, 10.0, log=True),
        "width": IntRange(2, 8, 2),
        "depth": IntRange(1, 3),
        "mixed": Fixed(False),
    }


def test_known_points_are_completed_from_the_default(load_text: LoadText) -> None:
    (point,) = load_text(GOOD).known
    assert point == {"backbone": "large", "dcn": "v1", "lr": 2.0, "width": 4, "depth": 2, "mixed": False}


def test_a_known_value_is_the_grids_own(load_text: LoadText) -> None:
    text = "train: {lr: {range: [0.1, 0.7], step: 0.1}}\nknown: [{lr: 0.30000000000000004}]\n"
    space = load_text(text)
    assert space.known[0]["lr"] == 0.3
    assert space.known[0]["lr"] in space.train[0].domain.values()


def test_a_profile_replaces_keys_and_null_removes_them(load_text: LoadText) -> None:
    demo = load_text(GOOD, profile="demo")
    domains = {dimension.name: dimension.domain for dimension in demo.train}
    assert domains["backbone"] == Fixed("large")
    assert domains["depth"] == Choice((1, 2))
    assert "lr" not in domains
    assert (demo.known, demo.post.max_per_image, demo.profile) == ((), None, "demo")
    assert load_text(GOOD, profile="full").post.max_per_image == 100


def test_parents_come_before_the_keys_that_look_at_them(load_text: LoadText) -> None:
    space = load_text("train:\n  dcn: {choice: [a, b], when: {backbone: [x]}}\n  backbone: {choice: [x, y]}\n")
    assert [dimension.name for dimension in space.train] == ["backbone", "dcn"]
    assert space.train[1].when == (Condition("backbone", ("x",)),)


@pytest.mark.parametrize(
    ("written", "pruner"),
    [
        ("median", MedianPruning()),
        ("none", NoPruning()),
        ("{name: median, startup_trials: 3, warmup_epochs: 2}", MedianPruning(3, 2)),
        ("{name: successive_halving, reduction_factor: 4}", SuccessiveHalving(4, 1)),
    ],
)
def test_pruners(load_text: LoadText, written: str, pruner: object) -> None:
    assert load_text(f"train: {{lr: 1}}\nsearch: {{pruner: {written}}}\n").search.pruner == pruner


PLANTED = {
    "train: {}\nvalidate: 1": (4, "no key validate"),
    "train: {}\npredcit: {}": (4, "did you mean predict?"),
    "train:\n  bakcbone: small": (4, "did you mean backbone?"),
    "train:\n  lr: {range: [3, 1]}": (4, "write [1, 3]"),
    "train:\n  lr: {log: [0, 1]}": (4, "above 0"),
    "train:\n  lr: {log: [1, 2], step: 1}": (4, "log has no step"),
    "train:\n  lr: {range: [0, 1], step: 0.3}": (4, "write 0.9 as the high end"),
    "train:\n  lr: {range: [0, 1], step: 1e-300}": (4, "at most 1000000 steps"),
    "train:\n  width: {range: [0, 5], step: 2}": (4, "divisor of 5"),
    "train:\n  width: {range: [0, 5], step: -1}": (4, "above 0"),
    "train:\n  width: {range: [0, 5.5]}": (4, "width is like 8"),
    "train:\n  lr: {range: [0, 500]}": (4, "from 0 to 100"),
    "train:\n  lr: {range: [0, 1, 2]}": (4, "pair"),
    "train:\n  lr: {range: 3}": (4, "pair"),
    "train:\n  lr: fast": (4, "lr is like 0.1"),
    "train:\n  lr: [1, 2]": (4, "write {choice: [1, 2]}"),
    "train:\n  lr: null": (4, "single values"),
    "train:\n  lr: {choise: [1]}": (4, "did you mean choice?"),
    "train:\n  lr: {choice: [1], log: [1, 2]}": (4, "one of choice, range and log"),
    "train:\n  lr: {choice: []}": (4, "list of values"),
    "train:\n  lr: {choice: [1, 1.0]}": (4, "each value once"),
    "train:\n  backbone: {range: [1, 2]}": (4, "backbone is no number"),
    "train:\n  lr: 1\n  lr: 2": (5, "already at line 4"),
    "train: [lr]": (3, "mapping"),
    "train:\n  lr: 1\n  dcn: {choice: [a], when: {bakbone: [x]}}": (5, "key of train"),
    "train:\n  backbone: x\n  dcn: {choice: [a], when: {backbone: [y]}}": (5, "can hold"),
    "train:\n  lr: {range: [0, 1]}\n  dcn: {choice: [a], when: {lr: [0.5]}}": (5, "separate values"),
    "train:\n  width: {choice: [1, 2], when: {depth: [1]}}\n  depth: {choice: [1, 2], when: {width: [1]}}": (
        4,
        "circle",
    ),
    "train:\n  lr: 99\n  width: 99": (4, "not both 99"),
    "train: {lr: 1}\nknown: [{lr: 2}]": (4, "inside the space"),
    "train: {lr: 1}\nknown:\n- {lr: 1}\n- {rl: 1}": (6, "did you mean lr?"),
    "train: {lr: 1}\nknown: [3]": (4, "mapping"),
    "train: {lr: 1}\nknown: {lr: 1}": (4, "list of points"),
    "train: {lr: 1}\npredict: {scale: [1, 2]}": (4, "sweep"),
    "train: {lr: 1}\npredict: {search: jiont}": (4, "did you mean joint?"),
    "train: {lr: 1}\npost: {search: optunas}": (4, "optuna"),
    "train: {lr: 1}\npost: {cutoffs: optunas}": (4, "optuna"),
    "train: {lr: 1}\npost: {nms: [hard, hrad]}": (4, "did you mean hard?"),
    "train: {lr: 1}\npost: {nms: [hard, hard]}": (4, "each once"),
    "train: {lr: 1}\npost: {max_per_image: 0}": (4, "at least 1"),
    "train: {lr: 1}\nsearch: {sampler: tpa}": (4, "did you mean tpe?"),
    "train: {lr: 1}\nsearch: {trials: many}": (4, "whole number"),
    "train: {lr: 1}\nsearch: {trials: true}": (4, "whole number"),
    "train: {lr: 1}\nsearch: {hours: 0}": (4, "above 0"),
    "train: {lr: 1}\nsearch: {pruner: {startup_trials: 2}}": (4, "has a name"),
    "train: {lr: 1}\nsearch: {pruner: {name: median, min_epochs: 2}}": (4, "no key min_epochs"),
    "train: {lr: 1}\nconfig: x.py": (4, "belongs to detector: config"),
    "train: {lr: 1}\nprofiles: {demo: {train: {lr: quick}}}": (4, "(in profile demo)"),
    "train: {lr: 1}\nprofiles: {demo: 5}": (4, "mapping"),
    "train: {lr: 1}\nprofiles:\n  demo: {profiles: {}}": (5, "holds no profiles"),
    "rule: other\ntrain: {lr: 1}": (3, "already at line 2"),
    "post: {}": (1, "says what it trains"),
}


@pytest.mark.parametrize("text", PLANTED)
def test_a_planted_fault_names_file_and_line(faults_of: FaultsOf, text: str) -> None:
    line, words = PLANTED[text]
    faults = faults_of(text + "\n")
    assert f"received planted.yaml:{line}: " in faults[0]
    assert words in faults[0]


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("detector: fkae\nrule: voc50\n", "did you mean fake?"),
        ("rule: voc50\n", "names its detector"),
        ("detector: fake\nrule: [coco]\n", "rule"),
        ("detector: [fake]\nrule: 3\n", "detector is a name"),
    ],
)
def test_faults_of_detector_and_rule(faults_of: FaultsOf, head: str, words: str) -> None:
    faults = faults_of("train: {lr: 1}\n", head=head)
    assert words in faults[0]
    assert "planted.yaml:1: " in faults[0] or "planted.yaml:2: rule: [coco]" in faults[0]


def test_a_space_may_leave_its_rule_to_the_data_set(load_text: LoadText) -> None:
    space = load_text("train: {lr: 1}\n", head="detector: fake\n")
    assert space.rule == "" and "rule:" not in to_yaml(space)


def test_an_inactive_key_of_a_known_point_is_explained(faults_of: FaultsOf) -> None:
    text = GOOD.replace("{backbone: large, dcn: v1, lr: 2}", "{dcn: v1}")
    (fault,) = faults_of(text)
    assert "planted.yaml:11: {dcn: v1}" in fault
    assert "dcn is active when backbone in ['large']" in fault


def test_all_faults_are_reported_in_the_order_of_their_lines(load_text: LoadText) -> None:
    train = "train:\n  lr: {log: [2, 1]}\n  wdith: 3\n  depth: 1.5\n"
    text = train + "post: {nms: []}\nserach: {}\nknown: [{lr: 5, mixd: 1}]\n"
    with pytest.raises(InputErrors) as caught:
        load_text(text)
    lines = [int(error.received.split("planted.yaml:")[1].split(":")[0]) for error in caught.value.errors]
    assert lines == [4, 5, 6, 7, 8, 9]
    assert len(caught.value.line().splitlines()) == len(lines)


def test_a_broken_key_is_blamed_once(faults_of: FaultsOf) -> None:
    text = "train:\n  backbone: {choice: []}\n  dcn: {choice: [a], when: {backbone: [x]}}\nknown: [{backbone: x}]\n"
    assert len(faults_of(text)) == 1


def test_a_fault_of_the_file_is_not_repeated_for_each_profile(faults_of: FaultsOf) -> None:
    assert len(faults_of("train: {lr: quick}\nprofiles: {demo: {}, full: {}}\n")) == 1


def test_a_fault_is_not_forgotten_where_a_profile_meets_it_again(faults_of: FaultsOf) -> None:
    (fault,) = faults_of("train: {lr: 1}\nknown: [{lrr: 1}]\nprofiles: {demo: {}}\n")
    assert "did you mean lr?" in fault


@pytest.mark.parametrize("content", ["", "null\n", "- 1\n", "just words\n"])
def test_a_file_that_is_no_mapping(faults_of: FaultsOf, content: str) -> None:
    assert all("planted.yaml:1: " in fault for fault in faults_of(content, head=""))


def test_profiles_are_few(faults_of: FaultsOf) -> None:
    many = "".join(f"  p{index}: {{}}\n" for index in range(21))
    (fault,) = faults_of(f"train: {{lr: 1}}\nprofiles:\n{many}")
    assert "at most 20 profiles" in fault


def test_an_unknown_profile_lists_what_there_is(faults_of: FaultsOf) -> None:
    (fault,) = faults_of(GOOD, profile="dmo")
    assert "did you mean demo?" in fault


def test_a_missing_file_lists_the_shipped_spaces() -> None:
    with pytest.raises(InputError, match=r"cascade\.yaml"):
        load_space("no_such_space.yaml", {})


@pytest.mark.parametrize("name", ["", ".", "a" * 5000, "null\0character", "../cascade.yaml"])
def test_odd_names_are_one_clean_error(name: str) -> None:
    with pytest.raises(InputError, match="existing file or a shipped space"):
        find_space_file(name)


def test_a_path_wins_over_a_shipped_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cascade.yaml").write_text("profiles: {own: {}}\n")
    assert "own" not in profile_names("cascade")
    monkeypatch.chdir(tmp_path)
    assert profile_names("cascade.yaml") == ("full", "own")


def test_loading_imports_neither_optuna_nor_torch_nor_ray() -> None:
    code = (
        "import sys, search_spaces.loading, trainables.catalogue as c;"
        "search_spaces.loading.load_space('cascade', c.DETECTORS);"
        "print([name for name in ('optuna', 'torch', 'ray', 'numpy', 'pydantic') if name in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_long_training_reports_as_often_as_a_ledger_stands(load_text: LoadText, faults_of: FaultsOf) -> None:
    epochs = (12, 24, 25, 300)
    searches = [load_text(f"train: {{lr: 1}}\nsearch: {{epochs: {one}}}").search for one in epochs]
    assert [search.report_every for search in searches] == [1, 1, 2, 13]
    (fault,) = faults_of("train: {lr: 1}\nsearch: {epochs: 300, report_every: 12}")
    assert "at most 24 times" in fault and fault.endswith("write report_every: 13")


@pytest.mark.parametrize("form", ["range: [0.5, 0.5]", "log: [0.5, 0.5]"])
def test_a_searched_key_has_more_than_one_value(faults_of: FaultsOf, form: str) -> None:
    (fault,) = faults_of(f"train: {{lr: {{{form}}}}}\n")
    assert "planted.yaml:3: [0.5, 0.5]" in fault
    assert fault.endswith("write it as a fixed value, 0.5")
