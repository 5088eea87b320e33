"""What `prepare compare` says of its findings in sentences, on the screen and on its page."""

from trainables.data.comparison import Comparison
from trainables.data.two_samples import MATTERS, SURE


def sentences(found: Comparison) -> list[str]:
    """What is to be known, most important first."""
    differing = [one.what for one in found.statements if one.differs]
    said = "test differs from train in " + ", ".join(differing) if differing else "nothing tells test from train"
    criterion = (
        f"p < {SURE} after correction for {len(found.statements)} statements, and an effect of {MATTERS} or more"
    )
    lines = [f"{said} ({criterion})"]
    if found.same or found.copies:
        first = (found.same or found.copies)[0]
        what = f"{len(found.same)} test images are train images, {len(found.copies)} are copies of one"
        lines.append(f"{what}; first {first[1]} = {first[0]}")
    for side, measures in (("train", found.train), ("test", found.test)):
        if measures.unreadable:
            lines.append(
                f"{len(measures.unreadable)} images of {side} cannot be decoded, first {measures.unreadable[0]}"
            )
    expected = f"{len(found.test.file_names) / 1000:.2g}"
    lines.append(f"test images farther from train than one image in 1000 is: {found.odd} (expected: {expected})")
    return lines
