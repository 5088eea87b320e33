"""How long `prepare check` and `clean` take, and how much memory: the real file, and a made file of a million boxes.

Each runs as a command in a process of its own, Python's imports included; memory is the process's peak. A million boxes
come in three arrangements: spread over 50,000 images; all in one image; and all in one place, where every box is a
near duplicate of another.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from stopwatch import markdown, write_table

ROOT = Path(__file__).resolve().parents[1]
REAL = ROOT.parent / "shared" / "data" / "bottle_round1" / "annotations.json"
BOXES = 1_000_000
CLASSES = 80
SIZE_PX = 4000


@dataclass(frozen=True)
class Spent:
    """What one command took."""

    wall_s: float
    cpu_s: float
    peak_gib: float
    found: str


def main() -> None:
    """Measures and writes `annotation_checks.md`."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, path in _files(Path(folder)):
            fixed, clean = f"{folder}/fixed.json", f"{folder}/clean.json"
            commands = {"check": ["check", str(path)]}
            if "images" in name:
                commands["check --fix"] = ["check", str(path), "--fix", fixed]
                commands["clean, of the fixed file"] = ["clean", fixed, "--out", clean]
            for shown, words in commands.items():
                spent = _run([*words, "--json"])
                rows.append([name, shown, spent.wall_s, spent.cpu_s, spent.peak_gib, spent.found])
    head = ["file", "command", "wall s", "CPU s", "peak GiB", "what was found"]
    load = "Wall time counts what else the machine was busy with; CPU time does not.\n"
    write_table("annotation_checks", "Checking and cleaning annotation files", [load, markdown(head, rows)])


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    if REAL.is_file():
        yield "real, 4,516 images, 6,945 boxes", REAL
    random = np.random.default_rng(0)
    for name, images, spread in (
        ("made, 50,000 images, a million boxes", 50_000, 1.0),
        ("made, all in one image", 1, 1.0),
        ("made, all in one place", 1, 0.0),
    ):
        path = folder / "made.json"
        path.write_text(json.dumps(_made(random, images, spread)))
        yield name, path


def _made(random: np.random.Generator, images: int, spread: float) -> dict[str, object]:
    """A file whose annotation ids repeat and of which a thousand boxes leave their image."""
    sides = np.exp(random.normal(3.6, 0.8, (BOXES, 2)) * spread + (1 - spread) * 4).clip(2, SIZE_PX / 2)
    corners = random.random((BOXES, 2)) * (SIZE_PX - sides) * spread + random.random((BOXES, 2)) * (1 - spread)
    corners[:1000] += SIZE_PX
    boxes = np.concatenate([corners, sides], axis=1).round(2).tolist()
    image_id, category_id = random.integers(1, images + 1, BOXES).tolist(), random.integers(0, CLASSES, BOXES).tolist()
    keys = ("id", "image_id", "category_id", "bbox", "area", "iscrowd")
    ids = (np.arange(BOXES) // 2).tolist()
    values = zip(ids, image_id, category_id, boxes, (sides.prod(axis=1)).tolist(), [0] * BOXES, strict=True)
    sized = {"width": SIZE_PX, "height": SIZE_PX}
    return {
        "images": [{"id": id_, "file_name": f"{id_:06}.jpg", **sized} for id_ in range(1, images + 1)],
        "annotations": [dict(zip(keys, row, strict=True)) for row in values],
        "categories": [{"id": id_, "name": f"class {id_}"} for id_ in range(CLASSES)],
    }


def _run(arguments: Sequence[str]) -> Spent:
    command = [sys.executable, "-m", "trainables.data.prepare", *arguments]
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as printed, tempfile.TemporaryFile("w+") as complaints:
        process = subprocess.Popen(command, cwd=ROOT, stdout=printed, stderr=complaints)
        _, _, usage = os.wait4(process.pid, 0)
        wall_s = time.monotonic() - began
        printed.seek(0)
        complaints.seek(0)
        text, complaint = printed.read(), complaints.read()
    peak_gib = usage.ru_maxrss / 2**20
    return Spent(wall_s, usage.ru_utime + usage.ru_stime, peak_gib, _summary(text, complaint))


def _summary(printed: str, complaint: str) -> str:
    if not printed:
        return complaint.strip()
    found = json.loads(printed)
    if "counts" not in found:
        return f"{found['images']} images, {found['boxes']} boxes kept"
    return ", ".join(f"{count} {kind}" for kind, count in found["counts"].items() if count)


if __name__ == "__main__":
    main()
