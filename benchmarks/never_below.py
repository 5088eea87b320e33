"""Whether a submission is ever below the best trial that it is made of: real searches, real builds.

For each seed a search of five small FCOS trials runs on a dense set (touching discs in rows, whose boxes overlap, drawn
here) and on the demonstration's images; then `ensembles.build --top 1` to `--top 5`, as a user would. Everything is
read from the files that the commands leave. Needs no network.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from stopwatch import markdown, write_table

from results.layout import RunLayout

SIDES_PX = (256, 192)
DIAMETER_PX = 28
SPACE = """
detector: fcos
rule: {rule}
train:
  backbone: resnet18
  base_channels: 16
  neck_channels: 32
  tower_convs: 1
  tower_channels: 32
  norm: bn
  train_scale: "{scale}"
  flip: horizontal
  batch_size: 4
  optimizer: adamw
  lr: {{log: [0.001, 0.006]}}
  schedule: cosine
  warmup_iters: 10
  gradient_clip: 35.0
  epochs: {epochs}
predict: {{scale: train, flip: false, score_floor: 0.01, max_raw_per_image: 600}}
search: {{sampler: random, pruner: none, epochs: {epochs}, report_every: {epochs}, trials: 5, hours: 2}}
"""


def main() -> None:
    """Runs the searches and writes `never_below.md`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.mkdtemp()))
    options = parser.parse_args()
    folder = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    data = {
        "dense": (str(dense_set(folder / "dense")), "coco50", "256x192", 12),
        "demo": ("demo", "bottle_round1", "192x144", 4),
    }
    rows = [
        row
        for name, (dataset, rule, scale, epochs) in data.items()
        for seed in range(options.seeds)
        for row in searched(folder, name, dataset, SPACE.format(rule=rule, scale=scale, epochs=epochs), seed)
    ]
    columns = ["data", "seed", "top", "best trial", "fusion", "chance", "taken", "submitted", "submitted - best"]
    write_table("never_below", "Submissions against the best trial in them, real training", [markdown(columns, rows)])


def searched(folder: Path, name: str, dataset: str, space: str, seed: int) -> list[list[object]]:
    """One row for each size of ensemble."""
    run, file = f"{name}-{seed}", folder / f"{name}.yaml"
    file.write_text(space, encoding="utf-8")
    command = ["--space", str(file), "--data", dataset, "--name", run, "--seed", str(seed), "--profile", "full"]
    call(folder, "orchestrator.search", *command)
    return [built(folder, name, seed, top) for top in range(1, 6)]


def built(folder: Path, name: str, seed: int, top: int) -> list[object]:
    """What `build --top` submits, beside the best trial's own score as its outcome says it."""
    out = folder / f"{name}-{seed}-{top}.json"
    call(folder, "ensembles.build", "--run", f"{name}-{seed}", "--top", str(top), "--out", str(out))
    judged = json.loads(out.with_suffix(".provenance.json").read_text())["validation"]
    layout = RunLayout(folder / "runs" / f"{name}-{seed}")
    own = max(
        json.loads(layout.trial(int(trial.split("/")[1])).outcome.read_text())["solution"]["score"]["score"]
        for trial in judged["trials"]
    )
    submitted = judged["fusion"] if judged["taken"] == "wbf" else judged["best"]
    chance = judged["chance_fusion_is_better"]
    return [
        name, seed, top, f"{own:.4f}", f"{judged['fusion']:.4f}", "" if chance is None else f"{chance:.2f}",
        judged["taken"], f"{submitted:.4f}", "0 to the last digit" if submitted == own else f"{submitted - own:+.4f}",
    ]  # fmt: skip


def call(folder: Path, module: str, *arguments: str) -> None:
    """Runs a command of the project as a user would."""
    subprocess.run([sys.executable, "-m", module, *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def dense_set(folder: Path) -> Path:
    """Draws touching discs in rows and returns their DATASET.yaml."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, (split, count) in enumerate({"train": 48, "val": 24, "test": 12}.items()):
        (folder / split).mkdir(exist_ok=True)
        draw = np.random.default_rng(number)
        content = {"images": [], "annotations": [], "categories": [{"id": 1, "name": "disc"}]}
        for one in range(1, count + 1):
            boxes = picture(folder / split / f"{one}.png", draw)
            content["images"].append(
                {"id": one, "file_name": f"{one}.png", "width": SIDES_PX[0], "height": SIDES_PX[1]}
            )
            content["annotations"] += [
                {
                    "id": 1000 * one + place,
                    "image_id": one,
                    "category_id": 1,
                    "bbox": box,
                    "area": box[2] * box[3],
                    "iscrowd": 0,
                }
                for place, box in enumerate(boxes)
            ]
        (folder / f"{split}.json").write_text(json.dumps(content))
    splits = "".join(f"{split}: {{annotations: {split}.json, images: {split}}}\n" for split in ("train", "val"))
    file = folder / "dataset.yaml"
    file.write_text(f"rule: coco50\n{splits}test: {{image_list: test.json, images: test}}\n")
    return file


def picture(path: Path, draw: np.random.Generator) -> list[list[float]]:
    """Draws one image and returns its boxes, xywh in px."""
    image = Image.new("RGB", SIDES_PX, tuple(draw.integers(150, 220, 3).tolist()))
    pen, boxes = ImageDraw.Draw(image), []
    for y in np.arange(6, SIDES_PX[1] - DIAMETER_PX, DIAMETER_PX * 1.3):
        x = float(draw.uniform(2, 20))
        while x + DIAMETER_PX < SIDES_PX[0]:
            side = float(DIAMETER_PX * draw.uniform(0.85, 1.0))
            fill, rim = draw.integers(60, 140, 3).tolist(), draw.integers(0, 50, 3).tolist()
            pen.ellipse([x, y, x + side, y + side], fill=tuple(fill), outline=tuple(rim))
            boxes.append([x, float(y), side, side])
            x += side * float(draw.uniform(0.45, 0.9))
    noise = draw.normal(0, 12, (*SIDES_PX[::-1], 3))
    Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8)).save(path)
    return boxes


if __name__ == "__main__":
    main()
