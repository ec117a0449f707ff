"""The page's colours: sufficient contrast of text in both schemes."""

import re
from importlib.resources import files

import pytest

SHEET = files("symbolic_cover.web.studio").joinpath("static/studio.css").read_text(encoding="utf-8")
LIGHT, DARK = (
    dict(re.findall(r"--([\w-]+): #([0-9a-f]{3,6});", block))
    for block in re.findall(r":root \{(.*?)\}", SHEET, re.DOTALL)
)


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2."""
    digits = "".join(2 * one for one in colour) if len(colour) == 3 else colour
    channels = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_text_stands_out_from_its_ground(colours):
    assert LIGHT.keys() == DARK.keys()
    pairs = [(text, ground) for text in ("ink", "soft", "accent") for ground in ("ground", "paper")]
    pairs += [("ink", ground) for ground in ("select", "doubt", "lock")] + [("on-accent", "accent")]
    faint = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in pairs}
    assert all(value >= 4.5 for value in faint.values()), faint
    assert contrast(colours["wave"], colours["paper"]) >= 2.5
    assert contrast("000", "fff") == pytest.approx(21)
