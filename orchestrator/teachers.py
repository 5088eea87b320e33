"""Whether a space's trials may ask for a teacher, and whether the data set has images for it to label."""

from search_spaces.space import Space
from trainables.data.dataset import Dataset
from trainables.data.unlabelled import no_unlabelled
from trainables.options.teacher import MEAN


def check_unlabelled(space: Space, dataset: Dataset | None) -> None:
    """Refuses a space that can choose `teacher: mean` on a data set without unlabelled images.

    Raises:
        InputError: it is one.
    """
    if asks_for_teacher(space) and dataset is not None and dataset.unlabelled is None:
        raise no_unlabelled(dataset.path)


def asks_for_teacher(space: Space) -> bool:
    """Whether a trial of the space may learn from unlabelled images."""
    return any(one.name == "teacher" and MEAN in one.domain.values() for one in space.train)
