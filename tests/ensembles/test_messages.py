"""What the commands say to wrong input: exit code 2, each line one fault of at most 300 characters, nothing written."""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from PIL import Image

from ensembles import build
from orchestrator import monitor, search, status
from results import leaderboard, report, score, validate
from results.commands import EXIT_INPUT, run_command
from results.errors import MAX_LINE_CHARACTERS
from trainables import features
from trainables.data import prepare

Main = Callable[[Sequence[str]], int]
SPACE = "detector: fake\nrule: coco50\ntrain: {problem: sphere, x: {range: [0, 1.0]}}\nsearch: {trials: 1}\n"
TRAINED = "detector: fcos\nrule: coco50\ntrain: {lr: 0.01}\nsearch: {trials: 1, epochs: 1}\n"
DATA = "train: {annotations: train.json, images: images}\nval: {annotations: val.json, images: images}\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of good and bad inputs, which the commands run in."""
    monkeypatch.chdir(tmp_path)
    box = {"category_id": 1, "bbox": [2.0, 2.0, 9.0, 9.0]}
    for split in ("train", "val"):
        rows = [{"id": n, "file_name": f"images/{split}{n}.png", "width": 20, "height": 20} for n in range(4)]
        boxes = [{"id": n, "image_id": n, "iscrowd": 0, **box} for n in range(4)]
        coco = {"images": rows, "annotations": boxes, "categories": [{"id": 1, "name": "one"}]}
        Path(f"{split}.json").write_text(json.dumps({**coco, "info": "x" * 100_000}))
    Path("images").mkdir()
    Image.new("RGB", (20, 20)).save("images/train0.png")
    Path("VOC/Annotations").mkdir(parents=True)
    Path("VOC/Annotations/a.xml").write_text("<annotation/>")
    Path("my data").mkdir()
    for name in ("data.yaml", "my data/data.yaml"):
        Path(name).write_text(DATA)
    Path("gbk.yaml").write_bytes((DATA + "name: 瓶盖\n").encode("gbk"))
    Path("utf16.yaml").write_bytes(DATA.encode("utf-16"))
    Path("classes.yaml").write_text(f"{DATA}classes: one\nnmae: x\n")
    Path("long.yaml").write_text(f"{DATA}{'k' * 100_000}: 1\n")
    Path("crowd.yaml").write_text(DATA + "".join(f"key{n}: 1\n" for n in range(500)))
    Path("outside.json").write_text(Path("train.json").read_text().replace("images/train", "../train"))
    Path("outside.yaml").write_text(DATA.replace("train.json", "outside.json"))
    Path("cut.json").write_text(Path("train.json").read_text()[:300])
    Path("space.yaml").write_text(SPACE)
    Path("fcos.yaml").write_text(TRAINED)
    Path("bayes.yaml").write_text(SPACE.replace("{trials: 1}", "{trials: 1, sampler: bayes}"))
    Path("backbone.yaml").write_text(TRAINED.replace("lr: 0.01", "backbone: resnet-18"))
    Path("gbk_space.yaml").write_bytes(("# 瓶盖\n" + SPACE).encode("gbk"))
    Path("results.json").write_text(json.dumps([{"image_id": 0, "score": 2, **box}]))
    Path("bad.json").write_text(json.dumps({"images": [{"id": [], "file_name": {}}] * 900, "annotations": []}))
    Path("rule.yaml").write_text("name: &a [x]\nrequirement: *a\n")
    return tmp_path


CASES: list[tuple[Main, str, str]] = [
    (search.main, "--space nope", "pass|give a path"),
    (search.main, "--space cascad.yaml", "did you mean cascade.yaml"),
    (search.main, "--space sub\\space.yaml", "in place of"),
    (search.main, "--space ~/space.yaml", "only a shell expands"),
    (search.main, "--space gbk_space.yaml", "GBK"),
    (search.main, "--space bayes.yaml", "choose from .*cmaes.*tpe"),
    (search.main, "--space backbone.yaml", "did you mean resnet18"),
    (search.main, "--space train.json", "at most 32 KiB"),
    (search.main, "--space space.yaml --trials many", "--trials"),
    (search.main, "--space space.yaml --trails 3", "unrecognized"),
    (search.main, f"--space space.yaml --name {'n' * 101}", "--name"),
    (search.main, "--space space.yaml --name a/b", "use --name a-b"),
    (search.main, "--space space.yaml --resume", "start a search"),
    (search.main, "--space space.yaml --resume --name x", "start a search"),
    (search.main, "--space fcos.yaml --data train.json", "names annotations and images"),
    (search.main, "--space fcos.yaml --data VOC", "--from voc"),
    (search.main, "--space fcos.yaml --data .", "such as"),
    (search.main, "--space fcos.yaml --data sub\\data.yaml", "in place of"),
    (search.main, "--space fcos.yaml --data my%20data/data.yaml", "my data/data.yaml"),
    (search.main, "--space fcos.yaml --data ~/data.yaml", "only a shell expands"),
    (search.main, "--space fcos.yaml --data Data.yaml", "case matters"),
    (search.main, "--space fcos.yaml --data gbk.yaml", "GBK"),
    (search.main, "--space fcos.yaml --data utf16.yaml", "UTF-16"),
    (search.main, "--space fcos.yaml --data classes.yaml", "did you mean 'name'"),
    (search.main, "--space fcos.yaml --data long.yaml", "YAML|a key is one of"),
    (search.main, "--space fcos.yaml --data crowd.yaml", "and 470 more"),
    (search.main, "--space fcos.yaml --data data.yaml", "hold the folder images already"),
    (search.main, "--space fcos.yaml --data data.yaml --dry-run", "hold the folder images already"),
    (search.main, "--space fcos.yaml --data outside.yaml", "must stay inside"),
    (status.main, "", "start a search"),
    (monitor.main, "--run nope", "start a search"),
    (leaderboard.main, "--run a/b", "letters, digits"),
    (leaderboard.main, "--run nope --record x y", "start a search"),
    (report.main, "", "start a search"),
    (features.main, "--run nope", "start a search"),
    (build.main, "--run nope", "start a search"),
    (build.main, "--top 0", "start a search|--top"),
    (score.main, "--truth cut.json --detections results.json --rule coco50", "cut off"),
    (score.main, "--truth space.yaml --detections results.json --rule coco50", "another kind of file"),
    (score.main, "--truth gbk.yaml --detections results.json --rule coco50", "GBK"),
    (score.main, "--truth train.json --detections nope.json --rule coco50", "check the path"),
    (score.main, "--truth train.json --detections results.json --rule coco5", "did you mean coco"),
    (score.main, "--truth train.json --detections results.json --rule rule.yaml", "no YAML aliases"),
    (validate.main, "bad.json --images train.json --rule coco50", "more"),
    (validate.main, "results.json --images space.yaml --rule coco50", "another kind of file"),
    (prepare.main, "check cut.json", "cut off"),
    (prepare.main, "check space.yaml", "another kind of file"),
    (prepare.main, "split results.json --out parts", "object"),
    (prepare.main, "split train.json --ratio 9 --out parts", "--ratio 9:1"),
    (prepare.main, "chek train.json", "chek"),
    (prepare.main, "labels convert VOC out --from yolo --to coco", ".txt files"),
]


@pytest.mark.parametrize(("main", "arguments", "words"), CASES, ids=[f"{m.__module__} {a:.60}" for m, a, _ in CASES])
def test_wrong_input_is_one_short_line_a_fault_and_exit_code_2(
    main: Main, arguments: str, words: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(folder.rglob("*"))
    assert run_command(main, arguments.split()) == EXIT_INPUT
    lines = capsys.readouterr().err.splitlines()
    faults = [line for line in lines if line.startswith("error: ")]
    assert faults and all(len(line) <= MAX_LINE_CHARACTERS for line in lines)
    assert len(faults) <= 31
    assert re.search(words, "\n".join(faults)), faults
    assert sorted(folder.rglob("*")) == before


def test_a_split_says_that_boxes_are_faulty_and_splits(capsys: pytest.CaptureFixture[str]) -> None:
    rows = json.loads(Path("train.json").read_text())
    rows["annotations"][0]["bbox"] = [2, 2, -5, 9]
    Path("faulty.json").write_text(json.dumps(rows))
    assert run_command(prepare.main, ["split", "faulty.json", "--out", "parts", "--ratio", "1:1"]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("notice: faulty.json holds errors (1 ") and "prepare check faulty.json --fix" in line
    assert len(line) <= MAX_LINE_CHARACTERS
