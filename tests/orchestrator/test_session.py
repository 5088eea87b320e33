import shlex
from pathlib import Path

import pytest

from orchestrator.session import kept_notice, next_steps, traceback_of
from results.layout import RunLayout, run_layout, sound_name, write_atomically
from results.trial_records import FAIL, TrialRecord
from trainables.data.dataset import Dataset, Source, TestSource


def test_after_failures_alike_the_advice_can_be_followed(tmp_path: Path) -> None:
    layout = RunLayout(tmp_path / "night")
    write_atomically(layout.trial(2).log, "Traceback\nKeyError: 'bbox'\n")
    said = traceback_of(layout, TrialRecord(2, state=FAIL, reason="KeyError"))
    trace, advice = said.splitlines()[:2], said.splitlines()[2]
    assert trace == ["Traceback", "KeyError: 'bbox'"]
    assert "mend code, data or environment, then go on with --resume" in advice
    assert advice.endswith("under a new --name with warm_start: night")


@pytest.mark.parametrize(
    ("stem", "begins"),
    [
        ("my space (v2)", "my-space-v2"),
        ("我的空间", "run"),
        ("瓶盖 cascade[2]", "cascade-2"),
        ("naïve", "naive"),
        ("-rf", "rf"),
        (".hidden", "hidden"),
        ("a" * 300, "a" * 60),
        ("x\ny; rm $HOME `w` 'q'", "x-y-rm-HOME-w-q"),
        ("fake", "fake"),
    ],
)
def test_any_space_file_gives_a_name_that_is_one_and_needs_no_quotes(stem: str, begins: str) -> None:
    name = sound_name(stem)
    assert name == begins and shlex.quote(name) == name
    assert run_layout(f"{name}-20261201-031500").name.startswith(begins)


def _dataset(test: TestSource | None) -> Dataset:
    source = Source(Path("a.json"), Path("images"))
    return Dataset("d", Path("/d/my data.yaml"), source, source, test, "coco50", None, None)


def test_what_to_do_next_is_a_command_that_the_run_can_serve() -> None:
    assert next_steps("a", None)[-1].endswith("python -m results.leaderboard --run a")
    assert next_steps("a", _dataset(None))[-1].endswith("python -m results.report --run a")
    (built,) = next_steps("it's", _dataset(TestSource(Path("t.json"), Path("test"))))
    assert shlex.split(built)[-5:] == ["ensembles.build", "--top", "5", "--run", "it's"]


def test_the_last_screen_says_what_time_has_stopped_and_how_to_go_on() -> None:
    kept = [TrialRecord(number, rungs=((5, 0.3),) if number else ()) for number in range(6)]
    assert kept_notice(kept[:1], 12, "search --resume").startswith("unfinished, but saved: trial 0 at epoch 0 of 12;")
    said = kept_notice(kept, 12, "search --resume")
    assert "trials 0 at epoch 0 of 12, 1 at epoch 5 of 12," in said
    assert said.endswith("and 2 more; to train on, raise the budget: search --resume --hours N")
