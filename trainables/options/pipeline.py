"""What is done to training images."""

from trainables.notation import NONE, parse_train_scales
from trainables.parameters import choice, text, whole

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
    whole("batch_size", 16, (1, 256), "images of one optimizer step; stock's 0.02 learning rate belongs to 16"),
)
