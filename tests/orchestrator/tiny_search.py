"""What the tests of the search share: a tiny data set, spaces of the fake detector, and a search driven without Ray."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from orchestrator.budget import Budget
from orchestrator.jobs import Asked
from orchestrator.repeats import Tried
from orchestrator.study import Study
from results.ledger import Ledger, read_events
from search_spaces.loading import load_space
from search_spaces.space import Space
from trainables.catalogue import DETECTORS
from trainables.fake import fake_score

NEVER = Budget(10_000)
SEARCH = "{sampler: tpe, pruner: none, epochs: 4, trials: 8, hours: null}"


def write_data(folder: Path) -> Path:
    """Four training and three validation images of 8x8 px, one box each; returns DATASET.yaml."""
    _write_split(folder, "train", range(1, 5))
    _write_split(folder, "val", range(5, 8))
    sources = "".join(f"{name}: {{annotations: {name}.json, images: images}}\n" for name in ("train", "val"))
    (folder / "dataset.yaml").write_text(f"{sources}rule: coco50\n", encoding="utf-8")
    return folder / "dataset.yaml"


def _write_split(folder: Path, name: str, ids: Sequence[int]) -> None:
    (folder / "images").mkdir(parents=True, exist_ok=True)
    for one in ids:
        Image.fromarray(np.full((8, 8, 3), one, np.uint8)).save(folder / "images" / f"{one}.png")
    box = {"category_id": 1, "bbox": [1, 1, 4, 4], "area": 16, "iscrowd": 0}
    content = {
        "images": [{"id": one, "file_name": f"{one}.png", "width": 8, "height": 8} for one in ids],
        "annotations": [{"id": one, "image_id": one, **box} for one in ids],
        "categories": [{"id": 1, "name": "dot"}],
    }
    (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")


def write_space(folder: Path, train: str = "{x: {range: [0.0, 1.0]}}", search: str = SEARCH, more: str = "") -> Path:
    """A space file of the fake detector, with a full and a demo profile."""
    file = folder / "fake.yaml"
    text = f"detector: fake\nrule: coco50\ntrain: {train}\nsearch: {search}\n{more}\nprofiles: {{demo: {{}}}}\n"
    file.write_text(text, encoding="utf-8")
    return file


def fake_space(folder: Path, train: str = "{x: {range: [0.0, 1.0]}}", search: str = SEARCH, more: str = "") -> Space:
    """The same, loaded."""
    return load_space(str(write_space(folder, train, search, more)), DETECTORS)


class Driven:
    """A study over a ledger in `folder`, on a clock of its own; calling it again on the same folder resumes."""

    def __init__(
        self,
        space: Space,
        folder: Path,
        budget: Budget = NEVER,
        seed: int = 0,
        header: Mapping[str, object] | None = None,
    ) -> None:
        self.path = folder / "ledger.jsonl"
        began = {"name": folder.name, "time": 0.0, **(header or {})}
        self.ledger = Ledger.open(self.path) if self.path.exists() else Ledger.create(self.path, began)
        events = read_events(self.path)
        self.now_s = float(str(events[-1]["time"]))
        self.ledger.clock = lambda: self.now_s
        self.study = Study(space, self.ledger, events, budget, seed, self.tried(space))
        self.epochs = space.search.epochs

    def tried(self, space: Space) -> Tried:
        """Tells points apart; every point builds something else."""
        return Tried(space)

    def events(self, kind: str) -> list[Mapping[str, object]]:
        """The ledger's events of one kind."""
        return [event for event in read_events(self.path) if event["event"] == kind]

    def ask(self) -> Asked:
        """The next trial, which there must be."""
        asked = self.study.next()
        assert asked is not None
        return asked

    def train(self, asked: Asked, score: Callable[[float, int], float] = fake_score, epoch_s: float = 0.0) -> None:
        """One trial, from its start to whatever end it comes to; its epochs take their time on the search's clock."""
        x = float(str(asked.params.get("x", 0.5)))
        self.study.started(asked.number, "hash")
        for epoch in range(1, self.epochs + 1):
            self.now_s += epoch_s
            if self.study.rung(asked.number, epoch, score(x, epoch)):
                return
        self.study.finished(asked.number, score(x, self.epochs), {"model": "fake"})

    def run(self, most: int = 10_000, epoch_s: float = 0.0) -> list[Asked]:
        """Trials one after another until the study asks for no more, or `most` were run."""
        done: list[Asked] = []
        while len(done) < most and (asked := self.study.next()) is not None:
            self.train(asked, epoch_s=epoch_s)
            done.append(asked)
        return done

    def close(self) -> None:
        """As a killed process leaves it: whatever runs stays unfinished."""
        self.ledger.close()
