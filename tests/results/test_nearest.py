import pytest

from results.nearest import listed, nearest, suggestion

BACKBONES = ("resnet18", "resnet50", "resnet101", "hrnet_w32", "densenet121")
SAMPLERS = ("random", "tpe", "gp", "cmaes", "grid")


@pytest.mark.parametrize(
    ("word", "names", "meant"),
    [
        ("resnet-18", BACKBONES, "resnet18"),
        ("ResNet_50", BACKBONES, "resnet50"),
        ("hrnet32", BACKBONES, "hrnet_w32"),
        ("rl", ("lr", "x", "epochs"), "lr"),
        ("tpa", SAMPLERS, "tpe"),
        ("tpe_sampler", SAMPLERS, "tpe"),
        ("list", ("images", "image_list"), "image_list"),
        ("val_3.png", ("val_0003.png", "val_0012.png"), "val_0003.png"),
        ("bayes", SAMPLERS, None),
        ("vit_huge", BACKBONES, None),
        ("nowhere", ("trained",), None),
        ("", BACKBONES, None),
        ("x", (), None),
    ],
)
def test_the_nearest_name_or_none(word: str, names: tuple[str, ...], meant: str | None) -> None:
    assert nearest(word, names) == meant


def test_what_is_not_near_gets_the_list_and_long_lists_are_counted() -> None:
    assert suggestion("bayes", SAMPLERS) == "choose from cmaes, gp, grid, random, tpe"
    assert listed(map(str, range(500))).endswith("11 and 488 more")
    assert "nothing" in suggestion("x", ())
