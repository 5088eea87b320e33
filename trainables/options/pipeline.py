"""What is done to training images."""

from trainables.notation import NONE, RULE, parse_train_scales
from trainables.parameters import choice, number, text, truth, whole

PARAMETERS = (
    text(
        "train_scale",
        "1333x800",
        parse_train_scales,
        'LONGxSHORT, a range "2048x1000..2048x1200" or a list "1333x800|1333x960", sides from 32 to 8192 px',
        "size that training images are fitted into, aspect ratio kept",
    ),
    choice(
        "flip",
        "horizontal",
        (NONE, "horizontal", "vertical", "both"),
        "mirror images: half, with both a quarter each way",
    ),
    choice(
        "crop",
        NONE,
        (NONE, "min_iou", "random"),
        "show a part: min_iou one that a box overlaps by an IoU drawn from .1 to .9, random half to all of each side",
    ),
    number("rotate_deg", 0.0, (0.0, 180.0), "largest angle by which half of the images are turned; 0 turns none"),
    number(
        "translate", 0.0, (0.0, 0.5), "largest share of its sides by which half of the images are moved; 0 moves none"
    ),
    truth("photometric", False, "change brightness, contrast, saturation and hue"),
    number("copy_paste", 0.0, (0.0, 1.0), "share of images that a box of another training image is pasted into"),
    whole("oversample_small", 1, (1, 16), "times that an image with a box under 32x32 px is shown in an epoch"),
    number(
        "class_balance",
        0.0,
        (0.0, 1.0),
        "share of the images below which a class is rare: its images are shown more often",
    ),
    choice(
        "class_balance_by",
        "frequency",
        ("frequency", RULE),
        "what class_balance goes by: rarity alone, or times the class's weight in the rule's score",
    ),
    whole("batch_size", 16, (1, 256), "images of one optimizer step; stock's 0.02 learning rate belongs to 16"),
)
