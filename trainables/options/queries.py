"""Set prediction: how many queries ask for objects, through how many layers, and what their answers cost."""

from collections.abc import Mapping

from trainables.notation import ImageScale, parse_train_scales
from trainables.options import schedule
from trainables.parameters import number, truth, whole, with_defaults

# mmdet embeds the proposals of two_stage in so many channels, whatever the layers have.
_PROPOSAL_DIMS = 256
_C2_STRIDE = 4

PARAMETERS = (
    whole("queries", 300, (1, 2000), "most objects that one image may have: each is one query's answer"),
    whole("feature_levels", 4, (1, 6), "levels of features that are attended to, each half as fine as the one before"),
    whole("fpn_start_level", 1, (0, 1), "first backbone stage that is attended to: 0 is c2 (stride 4), 1 is c3"),
    whole("encoder_layers", 6, (1, 12), "layers in which features attend to each other"),
    whole("decoder_layers", 6, (1, 12), "layers in which queries attend to features; each has a loss of its own"),
    whole("embed_dims", 256, (16, 1024), "channels of features and queries"),
    whole("attention_heads", 8, (1, 64), "parts of these channels that attend apart from each other"),
    whole("feedforward_channels", 1024, (16, 8192), "channels between the two linear layers that follow attention"),
    number("dropout", 0.1, (0.0, 0.9), "share of activations that are left out of a training step"),
    truth("box_refine", False, "each layer of the decoder moves the boxes of the layer before"),
    truth("two_stage", False, "queries begin at the best places of the encoder, not at learned ones"),
    number("class_cost", 2.0, (0.0, 100.0), "weight of the class, in the loss and where queries and truth are matched"),
    number("box_cost", 5.0, (0.0, 100.0), "weight of the box's corners, likewise"),
    number("giou_cost", 2.0, (0.0, 100.0), "weight of the box's overlap (GIoU), likewise"),
    number("backbone_lr_factor", 0.1, (0.0, 10.0), "learning rate of the backbone in learning rates of the rest"),
    number("sampling_lr_factor", 0.1, (0.0, 10.0), "learning rate of the places that are looked at, likewise"),
)

SCHEDULE = with_defaults(
    schedule.PARAMETERS,
    optimizer="adamw",
    lr=2e-4,
    epochs=50,
    lr_steps="40",
    warmup_iters=0,
    gradient_clip=0.1,
)


def _width_conflict(parameters: Mapping[str, object]) -> str | None:
    channels, heads = int(str(parameters["embed_dims"])), int(str(parameters["attention_heads"]))
    if channels % heads == 0 and channels % 4 == 0:
        return None
    return f"embed_dims ({channels}) is a multiple of 4 and of attention_heads ({heads}); take the next such number"


def _two_stage_conflict(parameters: Mapping[str, object]) -> str | None:
    if not parameters["two_stage"]:
        return None
    if not parameters["box_refine"]:
        return "two_stage refines the boxes that it begins with; write box_refine: true"
    if parameters["embed_dims"] != _PROPOSAL_DIMS:
        return f"two_stage has {_PROPOSAL_DIMS} channels; write embed_dims: {_PROPOSAL_DIMS}"
    scales = parse_train_scales(str(parameters["train_scale"])).scales
    found, asked = min(_places(scale, parameters) for scale in scales), int(str(parameters["queries"]))
    if asked <= found:
        return None
    return f"two_stage begins its queries ({asked}) at places, of which the smallest train_scale has {found}; lower it"


def _places(scale: ImageScale, parameters: Mapping[str, object]) -> int:
    """Cells of all levels of an image that fills its scale."""
    first, count = int(str(parameters["fpn_start_level"])), int(str(parameters["feature_levels"]))
    strides = [_C2_STRIDE << level for level in range(first, first + count)]
    return sum(-(-scale.width_px // stride) * -(-scale.height_px // stride) for stride in strides)


CONFLICTS = (_width_conflict, _two_stage_conflict)
