"""A data set file like another, with other training data: what the next search is given.

Paths in it are absolute, because it may lie in another folder than the one that it is like. It checks nothing.
"""

from io import StringIO
from pathlib import Path

from ruamel.yaml import YAML

from results.layout import write_atomically
from trainables.data.dataset import Dataset
from trainables.data.unlabelled import Unlabelled


def write_next_dataset(path: Path, like: Dataset, annotations: Path, images: Path) -> None:
    """Writes a DATASET.yaml that validates and tests as `like` does, and trains on these annotations."""
    content: dict[str, object] = {
        "name": path.stem,
        "train": {"annotations": str(annotations.resolve()), "images": str(images.resolve())},
        "val": {"annotations": str(like.val.annotations.resolve()), "images": str(like.val.images.resolve())},
    }
    if like.test:
        content["test"] = {"image_list": str(like.test.image_list.resolve()), "images": str(like.test.images.resolve())}
    if like.unlabelled:
        content["unlabelled"] = _absolute(like.unlabelled)
    content |= {
        key: value
        for key, value in (
            ("rule", like.rule),
            ("group_by", like.group_by),
            ("allow_overlap", like.allow_overlap),
            ("allow_damaged", like.allow_damaged),
            ("allow_outside", like.allow_outside),
        )
        if value
    }
    if like.subset and like.subset.to_dict():
        content["subset"] = like.subset.to_dict()
    if like.classes:
        content["classes"] = list(like.classes)
    text = StringIO()
    yaml = YAML()
    yaml.width = 10_000  # a path is one line
    yaml.dump(content, text)
    write_atomically(path, text.getvalue())


def _absolute(source: Unlabelled) -> dict[str, str]:
    listed = {"image_list": str(source.image_list.resolve())} if source.image_list else {}
    return {**listed, "images": str(source.images.resolve())}
