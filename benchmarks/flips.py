"""Flipped bits in a trial's files: how many change what a report, a leaderboard or a build says without a word.

    python benchmarks/flips.py [FLIPS]

A run of three trials on drawn boxes for pages, and one of two tiny trained detectors for builds. A bit is flipped, the
command run in a process's memory, the bit flipped back. *Silent*: exit code 0, something else printed or written than
before, and no word of the damaged file. The second column switches the check off, as it was without hashes.
"""

import contextlib
import io
import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ensembles.build import main as build
from results import trial_manifest
from results.boxes import Category, Detections, Images, Truth, write_detections, write_truth
from results.commands import run_command
from results.layout import RunLayout, run_layout, write_atomically
from results.leaderboard import main as leaderboard
from results.ledger import Ledger
from results.postprocess import PostSpec
from results.report import main as report
from results.rules import load_rule
from results.solution import apply_solution
from results.solve import solve
from results.solve_store import RawSet, sweep_stored
from results.trial_manifest import report_files, write_manifest
from trainables.catalogue import DETECTORS
from trainables.data.demo import DemoSizes, demo_dataset
from trainables.jobs import TrialJob
from trainables.trial import run_trial

FLIPS = 60
IMAGES = 40
RULE = "voc50"
SPEC = PostSpec(max_per_image=50)
TINY = {"backbone": "resnet18", "base_channels": 8, "neck_channels": 16, "rois": 16, "rpn_proposals": 30}
TINY |= {"head_channels": 16, "roi_sampling_ratio": 1, "train_scale": "96x72", "epochs": 0}
POST = {"nms": ("hard",), "per_class": "global", "cutoffs": "none", "max_per_image": 5, "search": "exact"}

Said = tuple[int, str]


def drawn_run(flips_of: random.Random) -> RunLayout:
    """Three trials that found drawn boxes more or less well, with everything that a trial leaves but weights."""
    run, truth = run_layout("drawn"), _truth()
    with Ledger.create(run.ledger, {"rule": RULE}) as ledger:
        for number in range(3):
            trial, raw = run.trial(number), _found(truth, 2.0 + 3 * number, flips_of.randrange(2**32))
            solution = solve(truth, raw, load_rule(RULE), SPEC, 0)
            sweep_stored(trial.prepared, RawSet(truth, raw, load_rule(RULE)), SPEC, 0)
            write_truth(trial.truth, truth)
            write_detections(trial.raw, raw, {})
            write_detections(trial.detections, apply_solution(raw, solution), {})
            write_atomically(trial.config, json.dumps({"job": {"post": asdict(SPEC)}}))
            outcome = {"solution": solution.to_dict(), "summary": {"interval": [0.1, 0.9]}}
            write_atomically(trial.outcome, json.dumps(outcome))
            write_manifest(trial, report_files(trial))
            ledger.append({"event": "asked", "number": number, "params": {}})
            end = {"state": "COMPLETE", "score": solution.score.score}
            ledger.append({"event": "finished", "number": number, **end})
    return run


def trained_run(folder: Path) -> RunLayout:
    """Two real detectors that have learnt nothing."""
    run, dataset = run_layout("trained"), demo_dataset(folder / "cache", DemoSizes(train=12, val=6, test=3))
    params = {name: parameter.default for name, parameter in DETECTORS["cascade_rcnn"].train.items()} | TINY
    view = {"scale": "96x72", "score_floor": 0.01, "max_raw_per_image": 50}
    header = {"name": run.name, "dataset": str(dataset), "rule": "bottle_round1"}
    with Ledger.create(run.ledger, header) as ledger:
        for number in (0, 1):
            place = (str(dataset), "bottle_round1", number, str(run.trial(number).folder))
            ledger.append({"event": "asked", "number": number, "params": {}})
            job = TrialJob(number, "cascade_rcnn", params, (view,), POST, (0,), *place)
            score = run_trial(job, lambda _: None).score
            ledger.append({"event": "finished", "number": number, "state": "COMPLETE", "score": score})
    return run


def pages() -> Said:
    """What a report and a leaderboard of the drawn run say."""
    both = [said(report, ["--run", "drawn"]), said(leaderboard, ["--run", "drawn", "--json"])]
    return max(code for code, _ in both), "".join(text for _, text in both)


def built() -> Said:
    """What a build of the trained run says, and its submission."""
    out = Path("built.json")
    out.unlink(missing_ok=True)
    code, text = said(build, ["--run", "trained", "--top", "2", "--out", str(out)])
    return code, text + (out.read_text() if out.exists() else "")


def said(main: Callable[..., int], arguments: list[str]) -> Said:
    """A command's exit code, and all that it prints; 3 where it ends in a traceback."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
        try:
            code = run_command(main, arguments)
        except Exception as error:  # a traceback is not silent
            return 3, repr(error)
    return code, text.getvalue()


def verdict(before: Said, path: Path, command: Callable[[], Said], bit: int) -> str:
    """What a flipped bit does: "same", "named", "failed" or "silent"."""
    content = path.read_bytes()
    flipped = bytearray(content)
    flipped[bit // 8] ^= 1 << bit % 8
    write_atomically(path, bytes(flipped))  # another file: memory maps of the old one stay as they are
    try:
        code, text = command()
    finally:
        write_atomically(path, content)
    if (code, text) == before:
        return "same"
    if path.name in text and ("damaged" in text or "missing" in text or "must" in text):
        return "named"
    return "failed" if code else "silent"


@contextlib.contextmanager
def unchecked() -> Iterator[None]:
    """The readers as they were before there were hashes."""
    there = trial_manifest._fault
    trial_manifest._fault = lambda *_: None
    try:
        yield
    finally:
        trial_manifest._fault = there


def tally(files: list[Path], command: Callable[[], Said], each: int, draw: random.Random) -> dict[str, Counter[str]]:
    """Verdicts by file name, of `each` flips in each file."""
    before, found = command(), {path.name.split("-")[0]: Counter[str]() for path in files}
    for path in files:
        for _ in range(each):
            bit = draw.randrange(8 * path.stat().st_size)
            found[path.name.split("-")[0]][verdict(before, path, command, bit)] += 1
    return found


def table(title: str, checked: dict[str, Counter[str]], without: dict[str, Counter[str]]) -> list[str]:
    """Lines of Markdown."""
    head = ["", f"## {title}", "", "| file | flips | named | same | failed | silent | silent without the check |"]
    rows = [
        f"| {name} | {sum(row.values())} | {row['named']} | {row['same']} | {row['failed']} | {row['silent']}"
        f" | {without[name]['silent'] if name in without else '-'} |"
        for name, row in checked.items()
    ]
    total = sum(checked.values(), Counter[str]())
    rest = sum(without.values(), Counter[str]())["silent"] if without else "-"
    counts = " | ".join(str(total[kind]) for kind in ("named", "same", "failed", "silent"))
    return [*head, "|---|---:|---:|---:|---:|---:|---:|", *rows, f"| all | {sum(total.values())} | {counts} | {rest} |"]


def main() -> None:
    flips = int(sys.argv[1]) if len(sys.argv) > 1 else FLIPS
    with TemporaryDirectory() as folder, contextlib.chdir(folder):
        trial = drawn_run(random.Random(1)).trial(0)
        files = [*report_files(trial), trial.manifest]
        each = -(-flips // len(files))
        checked = tally(files, pages, each, random.Random(2))
        with unchecked():
            # Not the prepared sets: kernels follow their indices, and one bit ends the process in C.
            single = [path for path in files[:-1] if path.parent == trial.folder]
            without = tally(single, pages, each, random.Random(2))
        print(*table("Report and leaderboard", checked, without), sep="\n", flush=True)
        with contextlib.redirect_stdout(io.StringIO()):  # mmengine lists every layer
            best = trained_run(Path(folder)).trial(0)
        members = [best.weights, best.detections, best.truth, best.config, best.outcome, best.manifest]
        print(*table("Build", tally(members, built, max(1, flips // 12), random.Random(3)), {}), sep="\n")


def _truth() -> Truth:
    draw = np.random.default_rng(0)
    count = 3 * IMAGES
    image_id = np.repeat(np.arange(1, IMAGES + 1), 3)
    names = tuple(f"{one}.jpg" for one in range(IMAGES))
    images = Images(np.arange(1, IMAGES + 1), names, np.full(IMAGES, 640), np.full(IMAGES, 480))
    boxes = np.column_stack([draw.uniform(0, 500, (count, 2)), draw.uniform(20, 120, (count, 2))])
    categories = tuple(Category(one, f"class {one}") for one in (1, 2, 3))
    return Truth(images, categories, np.arange(count), image_id, np.tile([1, 2, 3], IMAGES), boxes, image_id < 0)


def _found(truth: Truth, sd_px: float, seed: int) -> Detections:
    draw = np.random.default_rng(seed)
    boxes = np.repeat(truth.boxes_xywh, 3, axis=0) + draw.normal(0, sd_px, (3 * len(truth), 4))
    boxes[:, 2:] = np.maximum(boxes[:, 2:], 1)
    scores = draw.uniform(0.05, 1, len(boxes))
    found = Detections(np.repeat(truth.image_id, 3), np.repeat(truth.category_id, 3), boxes, scores)
    return replace(found, category_id=np.where(draw.random(len(boxes)) < 0.2, 1, found.category_id))


if __name__ == "__main__":
    main()
