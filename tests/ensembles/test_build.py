"""`ensembles.build` on a run of two real, tiny trials."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ensembles.build import main
from ensembles.recipe import provenance_path, read_recipes
from results.boxes import detections_from_coco, images_from_coco, read_detections
from results.errors import DamagedFileError, InputError
from results.layout import RunLayout
from results.ledger import Ledger
from results.rules import load_rule
from results.submission import check_submission
from trainables.catalogue import DETECTORS
from trainables.data.dataset import load_dataset
from trainables.data.demo import DemoSizes, demo_dataset
from trainables.data.prepare import main as prepare
from trainables.jobs import TrialJob
from trainables.trial import run_trial

pytestmark = pytest.mark.training
_SMALL = {
    "backbone": "resnet18",
    "base_channels": 8,
    "neck_channels": 16,
    "rois": 16,
    "rpn_proposals": 30,
    "head_channels": 16,
    "roi_sampling_ratio": 1,
    "train_scale": "96x72",
    "epochs": 0,
}
_POST = {"nms": ("hard",), "per_class": "global", "cutoffs": "none", "max_per_image": 5, "search": "exact"}


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with runs/two: trials 0 and 1 complete, trial 2 failed."""
    folder = tmp_path_factory.mktemp("work")
    dataset = demo_dataset(folder / "cache", DemoSizes(train=12, val=6, test=3))
    layout = RunLayout(folder / "runs" / "two")
    header = {"name": "two", "dataset": str(dataset), "rule": "bottle_round1"}
    with Ledger.create(layout.ledger, header) as ledger:
        for number in (0, 1):
            ledger.append({"event": "asked", "number": number, "params": {}})
            finished = run_trial(_job(number, dataset, layout), lambda report: None)
            ledger.append({"event": "finished", "number": number, "state": "COMPLETE", "score": finished.score})
        ledger.append({"event": "asked", "number": 2, "params": {}})
        ledger.append({"event": "finished", "number": 2, "state": "FAIL", "kind": "error", "reason": "planted"})
    yield folder


def _job(number: int, dataset: Path, layout: RunLayout) -> TrialJob:
    defaults = {name: parameter.default for name, parameter in DETECTORS["cascade_rcnn"].train.items()}
    view = {"scale": "96x72", "score_floor": 0.01, "max_raw_per_image": 50}
    folder = str(layout.trial(number).folder)
    params = {**defaults, **_SMALL}
    return TrialJob(
        number, "cascade_rcnn", params, (view,), _POST, (0,), str(dataset), "bottle_round1", number, folder
    )  # fmt: skip


def test_the_submission_lists_every_test_image_and_is_valid(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(workplace)
    assert main(["--top", "5"]) == 0
    images = images_from_coco(next(workplace.glob("cache/*/test_images.json")))
    assert check_submission(Path("submission.json"), images, load_rule("bottle_round1")).images == 3
    printed = capsys.readouterr().out
    assert "5 trials asked for, 2 COMPLETE" in printed
    assert "fusion     validation score" in printed
    assert "(best single trial" in printed


def test_a_recipe_makes_the_same_file_again(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workplace)
    main(["--top", "2", "--method", "wbf", "--out", "first.json"])
    main(["--rebuild", str(provenance_path(Path("first.json"))), "--out", "again.json"])
    assert Path("first.json").read_bytes() == Path("again.json").read_bytes()
    assert sorted(read_recipes(Path("again.provenance.json"))[0].members) == [0, 1]


def test_the_best_trial_alone_keeps_its_own_score_and_boxes(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workplace)
    main(["--top", "1", "--out", "alone.json"])
    recipe = json.loads(Path("alone.provenance.json").read_text())
    trial = RunLayout(workplace / "runs" / "two").trial(recipe["recipe"]["members"][0])
    outcome = json.loads(trial.outcome.read_text())
    assert recipe["validation"]["fusion"] == outcome["solution"]["score"]["score"]
    kept = detections_from_coco("alone.validation.json")
    given = read_detections(trial.detections)[0]
    for written, column in zip(vars(kept).values(), vars(given).values(), strict=True):
        np.testing.assert_array_equal(written, column)


def test_damaged_test_images_are_named_before_anything_is_predicted(
    workplace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(workplace)
    rows = [{"id": 1, "file_name": "page.jpg", "width": 200, "height": 150}]
    (tmp_path / "list.json").write_text(json.dumps({"images": rows}))
    (tmp_path / "page.jpg").write_text("<html>404</html>")
    with pytest.raises(InputError, match=r"every image of test must decode; received 1 of 1 .*page\.jpg"):
        main(["--top", "2", "--images", str(tmp_path / "list.json"), "--out", str(tmp_path / "made.json")])
    assert "predicted" not in capsys.readouterr().out and not (tmp_path / "made.json").exists()


def test_a_coco_results_list_can_be_asked_for(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workplace)
    main(["--top", "1", "--format", "coco", "--out", "list.json"])
    assert {"image_id", "category_id", "bbox", "score"} == set(json.loads(Path("list.json").read_text())[0])


def test_the_cap_holds_after_the_fusion(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workplace)
    main(["--top", "2", "--method", "wbf", "--out", "capped.json"])
    boxes = [row["image_id"] for row in json.loads(Path("capped.json").read_text())["annotations"]]
    assert max(boxes.count(image) for image in boxes) == 5


def test_a_missing_image_leaves_nothing_half_written(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workplace)
    image_list = next(workplace.glob("cache/*/test_images.json"))
    with pytest.raises(InputError, match="3 of 3 missing"):
        main(["--images", str(image_list), "--image-folder", "nowhere", "--out", "half.json"])
    assert not list(workplace.glob("*half*"))


def test_a_recipe_whose_weights_changed_is_refused(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workplace)
    main(["--top", "1", "--out", "one.json"])
    recipe = json.loads(Path("one.provenance.json").read_text())
    recipe["recipe"]["weights_sha256"] = ["0" * 64]
    Path("changed.json").write_text(json.dumps(recipe))
    with pytest.raises(InputError, match="weights"):
        main(["--rebuild", "changed.json"])


@pytest.mark.parametrize("content", ["", "{}", '{"schema": 1, "recipe": {}}', '{"schema": 9, "recipe": {}}'])
def test_what_is_no_recipe_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "recipe.json").write_text(content)
    with pytest.raises(InputError, match="recipe"):
        read_recipes(tmp_path / "recipe.json")


@pytest.fixture(scope="module")
def divided(workplace: Path) -> Path:
    """The same folder with a run of one trial on each half of the data, by size."""
    dataset = next(workplace.glob("cache/*/dataset.yaml"))
    assert prepare(["subsets", str(dataset), "--by", "size", "--out", str(workplace / "halves")]) == 0
    for name in ("small", "large"):
        file = workplace / "halves" / f"{name}.yaml"
        layout = RunLayout(workplace / "runs" / name)
        subset = load_dataset(file).subset
        assert subset is not None
        header = {"name": name, "dataset": str(file), "rule": "bottle_round1", "subset": subset.to_dict()}
        with Ledger.create(layout.ledger, header) as ledger:
            ledger.append({"event": "asked", "number": 0, "params": {}})
            finished = run_trial(_job(0, file, layout), lambda report: None)
            ledger.append({"event": "finished", "number": 0, "state": "COMPLETE", "score": finished.score})
    return workplace


def test_each_image_is_predicted_by_the_run_on_its_subset(
    divided: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(divided)
    assert main(["--run", "small,large", "--out", "both.json"]) == 0
    images = images_from_coco(next(divided.glob("cache/*/test_images.json")))
    assert check_submission(Path("both.json"), images, load_rule("bottle_round1")).images == 3
    caps = int((images.width_px == 200).sum())
    predicted = [line.split()[2] for line in capsys.readouterr().out.splitlines() if "images predicted" in line]
    assert predicted == [str(caps), str(3 - caps)]


def test_a_submission_of_several_runs_can_be_made_again(divided: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(divided)
    main(["--run", "small,large", "--out", "first2.json"])
    main(["--rebuild", "first2.provenance.json", "--out", "again2.json"])
    assert Path("first2.json").read_bytes() == Path("again2.json").read_bytes()
    kept = [read_recipes(RunLayout(divided / "runs" / name).recipe(Path("again2.json"))) for name in ("small", "large")]
    assert [[recipe.run for recipe in recipes] for recipes in kept] == [["small"], ["large"]]


def test_the_fusion_is_scored_on_the_validation_images_of_all_runs(
    divided: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(divided)
    main(["--run", "small,large", "--out", "scored.json"])
    whole = images_from_coco(next(divided.glob("cache/*/val.json")))
    assert sorted(images_from_coco_names("scored.validation.json")) == sorted(whole.file_name)


def images_from_coco_names(path: str) -> list[str]:
    return [row["file_name"] for row in json.loads(Path(path).read_text(encoding="utf-8"))["images"]]


def test_a_run_named_twice_is_refused(divided: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(divided)
    with pytest.raises(InputError, match="once"):
        main(["--run", "small,small"])


@pytest.mark.parametrize("name", ["weights.pth", "detections.arrow", "truth.arrow", "config.json"])
def test_a_damaged_member_is_left_out_before_anything_is_predicted(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    monkeypatch.chdir(workplace)
    file = workplace / "runs" / "two" / "trials" / "0001" / name
    content = file.read_bytes()
    middle = len(content) // 2
    file.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    try:
        assert main(["--run", "two", "--top", "2", "--out", "rest.json"]) == 0
        assert f"Trial 1 is left out: runs/two/trials/0001/{name} is damaged" in capsys.readouterr().out
        assert read_recipes(Path("rest.provenance.json"))[0].members == (0,)
        recipe = json.loads(Path("rest.provenance.json").read_text())
        recipe["recipe"] |= {"members": [1], "weights_sha256": ["0" * 64]}
        Path("both.json").write_text(json.dumps(recipe))
        with pytest.raises(DamagedFileError, match=name):
            main(["--rebuild", "both.json", "--out", "again.json"])
    finally:
        file.write_bytes(content)
