"""Every detector of the catalogue as small as it trains; tests import it by its bare name."""

from collections.abc import Mapping
from pathlib import Path

from tiny_detector import SMALL

from results.rules import load_rule
from trainables.catalogue import DETECTORS
from trainables.data.dataset import load_dataset, load_truth
from trainables.effective import TrainingData, training_data

SIZES: Mapping[str, object] = {
    **SMALL,
    "tower_convs": 1,
    "tower_channels": 16,
    "depth_factor": 0.1,
    "width_factor": 0.125,
    "queries": 30,
    "encoder_layers": 1,
    "decoder_layers": 2,
    "embed_dims": 32,
    "attention_heads": 4,
    "feedforward_channels": 64,
    "flip": "none",
    "lr": 0.002,
}
BUILT = tuple(name for name, one in DETECTORS.items() if one.reads_data and one.configured_by is None)


def tiny(detector: str, **changes: object) -> dict[str, object]:
    """Complete parameters of a detector, small where it has what makes it so."""
    defaults = {name: parameter.default for name, parameter in DETECTORS[detector].train.items()}
    return defaults | {name: value for name, value in SIZES.items() if name in defaults} | changes


def tiny_data(dataset_yaml: Path) -> TrainingData:
    """What tiny detectors learn from."""
    dataset = load_dataset(dataset_yaml)
    return training_data(dataset, load_truth(dataset, dataset.train).categories, load_rule("coco50"))
