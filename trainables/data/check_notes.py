"""What a person should know about a checked file, in sentences: the same ones in the terminal and on the page.

Each function takes figures and says something only where it applies.
"""

from trainables.data.checking import Check
from trainables.data.figures import Figures
from trainables.data.row_faults import is_well_formed_image

_FEW_BOXES = 30


def notes_of(figures: Figures) -> list[str]:
    """Every sentence that applies to a file with these figures."""
    return [note for note in (_loop(figures), _mislabelled(figures), _few_boxes(figures)) if note]


def picture_note(check: Check) -> str:
    """Whether pictures were opened."""
    listed = int(is_well_formed_image(check.columns.images).sum())
    if check.pictures.folder is None:
        return f"No picture was opened ({listed} are listed): give --images DIR."
    compared = len(check.pictures.test_name_of)
    test = f"compared with {compared} test pictures" if compared else "not compared with test pictures: give --test"
    return f"{len(check.pictures.of_row)} pictures of {check.pictures.folder} were looked at, {test}."


def _loop(figures: Figures) -> str:
    background = figures.background
    if not background.images_with_both:
        return ""
    return (
        f"{background.images_with_both} images hold background and defects. The cleaning loop that circulates drops "
        f"every image with any background box: {background.images_kept_by_the_loop} images would stay, and "
        f"{background.boxes_without_image_by_the_loop} defect boxes would be left without an image. Correct are "
        f"{background.images_kept} images with {background.boxes_kept} boxes: prepare clean."
    )


def _mislabelled(figures: Figures) -> str:
    if not figures.mislabelled_rows:
        return ""
    rows = ", ".join(f"{row.printed} is {row.really}" for row in figures.mislabelled_rows)
    return (
        f"Categories stand in the order {', '.join(map(str, figures.category_order))}. Per-class tables that print "
        f"names in that order beside results sorted by id (old mmdet did) are mislabelled: what is printed as {rows}. "
        "Here names are joined by id."
    )


def _few_boxes(figures: Figures) -> str:
    fewest = figures.fewest_validation_boxes
    if fewest is None or fewest["median"] >= _FEW_BOXES:
        return ""
    return (
        f"A random tenth of the images holds {fewest['median']} boxes of its rarest class (median of fifty draws, "
        f"least {fewest['least']}): differences of one AP point are noise there."
    )
