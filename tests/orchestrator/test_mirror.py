from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from pyarrow import fs

from orchestrator.mirror import Mirror
from orchestrator.run_files import run_storage
from orchestrator.storage import Storage, open_storage, shown
from results.errors import InputError
from results.layout import RunLayout, write_atomically
from results.trial_manifest import write_manifest
from results.trial_records import COMPLETE, FAIL, RUNNING, TrialRecord

KINDS = ("folder", "uri", "mock")


class Failing(Storage):
    """A storage that can be lost."""

    lost = False

    def below(self, name: str) -> Storage:
        """Lost with its root."""
        if self.lost:
            raise OSError("connection lost")
        return super().below(name)


@pytest.fixture
def layout(tmp_path: Path) -> RunLayout:
    """A run with a ledger and two trials."""
    run = RunLayout(tmp_path / "runs" / "a")
    for path in (run.ledger, run.space, run.settings):
        write_atomically(path, "{}\n")
    for number in (0, 1):
        files = (run.trial(number).raw, run.trial(number).weights)
        for path in files:
            write_atomically(path, f"{path.name} of {number}")
        write_manifest(run.trial(number), files)
    return run


@pytest.fixture(params=KINDS)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """An empty storage of each kind that needs no network."""
    place = tmp_path / "far away"
    if request.param == "mock":
        return Storage(fs.FileSystem.from_uri("mock:///")[0], "bucket/prefix", "mock://bucket/prefix")
    return open_storage(str(place) if request.param == "folder" else place.as_uri())


@pytest.fixture
def said() -> Iterator[list[str]]:
    """What the user is told."""
    yield []


def test_a_storage_keeps_files_by_name(storage: Storage) -> None:
    assert storage.sizes() == {}
    storage.below("a/b").put(BytesIO(b"12345"), "c.txt")
    storage.put(BytesIO(b"1"), "a/b/c.txt")
    storage.put(BytesIO(b""), "empty")
    assert storage.sizes() == {"a/b/c.txt": 1, "empty": 0}
    assert (storage.read("a/b/c.txt"), storage.exists("a/b"), storage.exists("empty")) == (b"1", False, True)
    storage.below("a").remove("b/c.txt")
    storage.remove("never there")
    assert storage.sizes() == {"empty": 0}


def test_finished_trials_and_the_ledger_are_copied(storage: Storage, layout: RunLayout, said: list[str]) -> None:
    mirror = Mirror(storage, layout, said.append)
    mirror(None, {"event": "rung", "number": 1})
    mirror(None, {"event": "finished", "number": 0, "state": COMPLETE})
    mirror.close()
    names = ("manifest.json", "raw.arrow", "weights.pth")
    run = ("ledger.jsonl", "settings.json", "space.yaml")
    assert sorted(storage.sizes()) == [*run, *(f"trials/0000/{name}" for name in names)]
    assert storage.read("trials/0000/raw.arrow") == b"raw.arrow of 0"
    assert said == []


def test_what_is_removed_here_is_removed_there(storage: Storage, layout: RunLayout, said: list[str]) -> None:
    mirror = Mirror(storage, layout, said.append)
    mirror.bring([0])
    mirror.close()
    layout.trial(0).weights.unlink()
    again = Mirror(storage, layout, said.append)
    again.bring([0])
    again.close()
    assert "trials/0000/weights.pth" not in storage.sizes()
    assert "trials/0000/raw.arrow" in storage.sizes()


def test_a_resumed_search_copies_what_is_missing(storage: Storage, layout: RunLayout, said: list[str]) -> None:
    records = {0: TrialRecord(0, state=COMPLETE), 1: TrialRecord(1, state=RUNNING), 2: TrialRecord(2, state=FAIL)}
    mirror = Mirror(storage, layout, said.append)
    mirror.catch_up(records)
    mirror.close()
    assert {name.split("/")[1] for name in storage.sizes() if name.startswith("trials/")} == {"0000"}
    assert said == []


def test_a_lost_storage_is_said_once_and_loses_nothing(layout: RunLayout, tmp_path: Path, said: list[str]) -> None:
    place = open_storage(str(tmp_path / "far"))
    failing = Failing(place._files, place._root, place.uri)
    failing.lost = True
    mirror = Mirror(failing, layout, said.append)
    mirror.bring([0])
    mirror.bring([1])
    mirror.close()
    first, last = said
    assert "connection lost" in first and "the search goes on" in first
    assert "these trials: 0, 1" in last and str(layout.root) in last
    assert layout.trial(0).weights.exists()


def test_a_storage_that_comes_back_gets_what_it_missed(layout: RunLayout, tmp_path: Path, said: list[str]) -> None:
    place = open_storage(str(tmp_path / "far"))
    failing = Failing(place._files, place._root, place.uri)
    failing.lost = True
    mirror = Mirror(failing, layout, said.append)
    mirror.bring([0])
    mirror._copier.submit(lambda: setattr(failing, "lost", False)).result()
    mirror.bring([1])
    mirror.close()
    assert {name.split("/")[1] for name in place.sizes() if name.startswith("trials/")} == {"0000", "0001"}
    assert len(said) == 1


@pytest.mark.parametrize("uri", ["nosuch://x/y", "/proc/nowhere", "file://"])
def test_a_storage_that_does_not_work_is_the_users_mistake(uri: str) -> None:
    with pytest.raises(InputError, match=r"search\.storage") as caught:
        open_storage(uri)
    assert uri in caught.value.line()
    assert "\n" not in caught.value.line()


def test_keys_of_a_storage_are_not_shown() -> None:
    assert shown("s3://key:secret@bucket/a/b?region=x&secret_key=y") == "s3://bucket/a/b"
    assert shown("/far away/x") == "/far away/x"
    with pytest.raises(InputError) as caught:
        open_storage("nosuch://key:secret@bucket/a")
    assert "secret" not in caught.value.line()


def test_another_run_of_the_name_is_not_overwritten(layout: RunLayout, tmp_path: Path) -> None:
    far = str(tmp_path / "far")
    fresh = RunLayout(tmp_path / "runs" / "fresh")
    assert run_storage(None, layout) is None
    storage = run_storage(far, layout)
    assert storage is not None and storage.sizes() == {}
    open_storage(far).put(BytesIO(b"x"), "fresh/ledger.jsonl")
    open_storage(far).put(BytesIO(b"x"), "a/ledger.jsonl")
    assert run_storage(far, layout) is not None
    with pytest.raises(InputError, match="another --name"):
        run_storage(far, fresh)


def test_a_damaged_folder_does_not_replace_its_copy(storage: Storage, layout: RunLayout, said: list[str]) -> None:
    mirror = Mirror(storage, layout, said.append)
    mirror.bring([0])
    mirror.close()
    layout.trial(0).weights.unlink()
    layout.trial(0).raw.write_text("bit rot of 0 ")
    layout.trial(1).raw.write_text("raw.arrow of 7")
    again = Mirror(storage, layout, said.append)
    again.bring([0, 1])
    again.close()
    assert storage.read("trials/0000/raw.arrow") == b"raw.arrow of 0"
    assert "trials/0000/weights.pth" in storage.sizes() and "trials/0001/raw.arrow" not in storage.sizes()
    assert ["is not copied" in notice and "raw.arrow is damaged" in notice for notice in said] == [True, True]
