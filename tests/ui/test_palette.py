"""The contrast table, computed again; the theme file says the same colours."""

import itertools
import tomllib

import pytest

from avrec.config import REPOSITORY
from avrec.schemas import MODALITIES
from avrec.ui import palette
from avrec.ui.palette import contrast

TABLE = {
    "visual": (3.50, 3.24, 10.22, 9.36), "audio": (5.86, 5.42, 4.89, 4.48), "speech": (8.02, 7.42, 6.86, 6.28),
    "caption": (4.45, 4.12, 7.83, 7.17), "meaning": (14.06, 13.00, 3.53, 3.24), "words": (10.57, 9.77, 13.52, 12.38),
    "crowd": (3.32, 3.07, 12.59, 11.53), "prior": (3.39, 3.14, 4.39, 4.02),
}  # fmt: skip
THEME = tomllib.loads((REPOSITORY / ".streamlit" / "config.toml").read_text())["theme"]


@pytest.mark.parametrize("name", MODALITIES)
def test_contrast_table(name):
    hue = palette.HUES[name]
    found = (
        contrast(hue.light, palette.BACKGROUND.light), contrast(hue.light, palette.SURFACE.light),
        contrast(hue.dark, palette.BACKGROUND.dark), contrast(hue.dark, palette.SURFACE.dark),
    )  # fmt: skip
    assert found == pytest.approx(TABLE[name], abs=0.011)
    assert min(found) >= 3.0


@pytest.mark.parametrize("ink", [palette.INK, palette.MUTED, palette.RED, palette.GREEN])
def test_text_reads_on_both_backgrounds(ink):
    for theme in ("light", "dark"):
        assert contrast(ink.of(theme), palette.BACKGROUND.of(theme)) >= 4.5
        assert contrast(ink.of(theme), palette.SURFACE.of(theme)) >= 4.5


def test_the_order_is_the_one_of_the_modalities_and_no_colour_comes_twice():
    assert tuple(palette.HUES) == MODALITIES
    for theme in ("light", "dark"):
        colours = [hue.of(theme) for hue in palette.HUES.values()] + [palette.ACCENT.of(theme)]
        assert all(a != b for a, b in itertools.combinations(colours, 2))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_theme_file_agrees(theme):
    said = THEME[theme]
    assert said["chartCategoricalColors"] == [hue.of(theme) for hue in palette.HUES.values()]
    pairs = {
        "primaryColor": palette.ACCENT, "backgroundColor": palette.BACKGROUND, "textColor": palette.INK,
        "secondaryBackgroundColor": palette.SURFACE, "borderColor": palette.BORDER, "redColor": palette.RED,
    }  # fmt: skip
    for key, colour in pairs.items():
        assert said[key] == colour.of(theme)


def test_white_on_the_primary_button_reads():
    assert contrast("#FFFFFF", "#5A55E0") >= 4.5


def test_every_theme_key_is_known_to_streamlit():
    from streamlit import config

    known = set(config.get_config_options())
    said = tomllib.loads((REPOSITORY / ".streamlit" / "config.toml").read_text())
    for section in ("server", "runner", "browser", "client"):
        assert {f"{section}.{key}" for key in said[section]} <= known
    plain = {key for key in THEME if not isinstance(THEME[key], dict)}
    assert {f"theme.{key}" for key in plain} <= known
    for theme in ("light", "dark"):
        assert {f"theme.{theme}.{key}" for key in THEME[theme] if key != "sidebar"} <= known
