"""Copies between train and val: how many are found, how many look-alikes are taken for copies, and what it costs.

    python benchmarks/copies.py [NEU_DET_FOLDER]

Pictures: photographs of steel (`../shared/data/neu_det`, one texture a class) and the demonstration's. Each is encoded
again or resized; a copy is found when it stands on the short list and its grey pixels correlate with the original's.
False alarms are pairs of different pictures within a data set that are called copies. Cost is CPU time on one thread.
"""

import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import numpy.typing as npt

from trainables.data.copies import LEAST_CORRELATION, Looks, copies_within, correlations, short_list
from trainables.data.demo import demo_dataset
from trainables.data.picture_look import Look, look_of_file, look_of_pixels

ROOT = Path(__file__).parents[1]
NEU = ROOT.parent / "shared" / "data" / "neu_det"
Grey = npt.NDArray[np.uint8]
# JPEG's quality, and the scale before it.
ENCODINGS = ((90, 1.0), (75, 1.0), (50, 1.0), (30, 1.0), (10, 1.0), (75, 0.5), (30, 0.5), (75, 0.25), (75, 1.5))
SIZES = ((200, 200), (492, 658), (3000, 4096))
SAMPLE = 400


def main() -> None:
    cv2.setNumThreads(1)
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else NEU
    sets = {"neu_det": folder / "images", "demo": demo_dataset().parent / "images"}
    lines = ["# Copies between train and val", "", "`python benchmarks/copies.py`", ""]
    for name, images in sets.items():
        pictures = {path.name: decoded(path) for path in sorted(images.iterdir())}
        lines += [*false_alarms(name, pictures), "", *recall(pictures), ""]
    lines += cost()
    (ROOT / "benchmarks" / "copies.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def decoded(path: Path) -> Grey:
    pixels = cv2.imdecode(np.fromfile(path, dtype=np.uint8), cv2.IMREAD_GRAYSCALE)
    assert pixels is not None
    return pixels.astype(np.uint8)


def looks_of_pixels(pictures: Iterator[Grey]) -> Looks:
    looks: list[Look] = [look_of_pixels(picture) for picture in pictures]
    hashes, grey = np.array([look.hash_words for look in looks]), np.array([look.grey for look in looks])
    return Looks(hashes, grey, np.ones(len(looks), np.bool_))


def false_alarms(name: str, pictures: Mapping[str, Grey]) -> list[str]:
    looks, names = looks_of_pixels(iter(pictures.values())), list(pictures)
    listed = short_list(looks, looks)
    listed = listed[listed[:, 0] < listed[:, 1]]
    same = [(names[one], names[other]) for one, other in copies_within(looks).tolist()]
    identical = [pair for pair in same if np.array_equal(pictures[pair[0]], pictures[pair[1]])]
    others = correlations(looks, looks, listed)
    others = others[others < 1 - 1e-9]
    pairs = len(names) * (len(names) - 1) // 2
    return [
        f"## {name}: {len(names)} pictures, {pairs} pairs",
        "",
        f"{len(listed)} pairs on the short list, {len(same)} called copies, of which {len(identical)} hold the same"
        f" pixels: {len(same) - len(identical)} false alarms. Highest correlation of different pictures on the short"
        f" list: {others.max(initial=-1):.4f}.",
    ]


def recall(pictures: Mapping[str, Grey]) -> list[str]:
    rows = np.random.default_rng(0).permutation(len(pictures))[:SAMPLE]
    chosen = [list(pictures.values())[row] for row in rows]
    original, diagonal = looks_of_pixels(iter(chosen)), np.repeat(np.arange(len(chosen))[:, None], 2, axis=1)
    lines = ["| JPEG quality | scale | on the short list | found | least correlation |", "|---|---|---|---|---|"]
    for quality, scale in ENCODINGS:
        copies = looks_of_pixels(encoded(picture, quality, scale) for picture in chosen)
        listed = {tuple(pair) for pair in short_list(original, copies).tolist()}
        is_listed = np.array([(row, row) in listed for row in range(len(chosen))])
        alike = correlations(original, copies, diagonal)
        found = is_listed & (alike >= LEAST_CORRELATION)
        lines.append(f"| {quality} | {scale} | {is_listed.mean():.4f} | {found.mean():.4f} | {alike.min():.4f} |")
    return lines


def encoded(picture: Grey, quality: int, scale: float) -> Grey:
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    resized = picture if scale == 1 else cv2.resize(picture, None, fx=scale, fy=scale, interpolation=way)
    content = cv2.imencode(".jpg", resized, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    pixels = cv2.imdecode(content, cv2.IMREAD_GRAYSCALE)
    assert pixels is not None
    return pixels.astype(np.uint8)


def cost() -> list[str]:
    lines = ["## Cost", "", "| pictures | file | s for 1000, decoded once |", "|---|---|---|"]
    rng = np.random.default_rng(0)
    with TemporaryDirectory() as folder:
        for height, width in SIZES:
            rough = rng.integers(0, 256, (height // 8, width // 8, 3)).astype(np.uint8)
            picture = cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC)
            for ending in ("jpg", "png"):
                path = Path(folder) / f"picture.{ending}"
                path.write_bytes(cv2.imencode(f".{ending}", picture)[1].tobytes())
                seconds = min(timed(path) for _ in range(5))
                lines.append(
                    f"| {width}x{height} | {ending}, {path.stat().st_size // 1024} KiB | {1000 * seconds:.2f} |"
                )
    return [*lines, *comparing()]


def comparing() -> list[str]:
    rng = np.random.default_rng(0)
    train, val = (
        Looks(
            rng.integers(0, 2**63, (count, 4)).astype(np.uint64),
            np.zeros((count, 48, 48), np.int8),
            np.ones(count, bool),
        )
        for count in (9000, 1000)
    )
    start = time.process_time()
    short_list(train, val)
    return ["", f"The short list of 9,000 against 1,000 pictures takes {time.process_time() - start:.2f} s."]


def timed(path: Path) -> float:
    start = time.process_time()
    look_of_file(path)
    return time.process_time() - start


if __name__ == "__main__":
    main()
