"""The URL is untrusted: what does not fit falls back, and nothing raises."""

import pytest

from avrec.schemas import MODALITIES
from avrec.ui import workspace
from avrec.ui.workspace import Workspace, read_weights, write_weights


class Params(dict):
    """What `put` uses of `st.query_params`."""

    def to_dict(self) -> dict[str, str]:
        return dict(self)

    def from_dict(self, values: dict[str, str]) -> None:
        self.clear()
        self.update(values)


@pytest.fixture
def url(monkeypatch):
    """A stand-in for the query string and the session."""
    params, state = Params(), {}
    monkeypatch.setattr(workspace.st, "query_params", params)
    monkeypatch.setattr(workspace.st, "session_state", state)
    return params


def test_an_empty_url_is_the_default(url):
    assert workspace.current() == Workspace()


@pytest.mark.parametrize(
    ("name", "value", "field", "expected"),
    [
        ("k", "7", "k", 7), ("k", "9999", "k", 50), ("k", "-3", "k", 1), ("k", "nan", "k", 20), ("k", "x", "k", 20),
        ("diversity", "0.5", "diversity", 0.5), ("diversity", "inf", "diversity", 0.2),
        ("diversity", "7", "diversity", 1.0), ("clip", "../../etc", "clip", None), ("clip", "a" * 65, "clip", None),
        ("clip", "00ff", "clip", "00ff"), ("user", "u\x00x", "user", None), ("user", "u" * 200, "user", None),
        ("user", "<b>", "user", "<b>"), ("seen", "yes", "seen", False), ("seen", "1", "seen", True),
        ("t", "4.5", "t", 4.5), ("t", "-1", "t", 0.0), ("weights", "dialogue", "preset", "dialogue"),
        ("weights", "1,2", "preset", "balanced"), ("weights", "1,1,1,1,1,1,1,nan", "preset", "balanced"),
        ("calibration", "0.3", "calibration", 0.3), ("calibration", "7", "calibration", 0.9),
        ("quality", "-1", "quality", 0.0), ("freshness", "nan", "freshness", 0.0), ("long_tail", "9", "long_tail", 2.0),
        ("collapse", "1", "collapse", True), ("collapse", "yes", "collapse", False), ("reserved", "3.7", "reserved", 3),
        ("reserved", "inf", "reserved", 0), ("reserved", "99", "reserved", 10),
        ("weights", "auto", "preset", "balanced"),
        ("weights", "1,1,1,1,1,1,1,99", "preset", "balanced"), ("weights", "1,1,1,1,1,1,1,0", "preset", "custom"),
    ],
)  # fmt: skip
def test_values_are_checked(url, name, value, field, expected):
    url[name] = value
    assert getattr(workspace.current(), field) == expected


def test_weights_survive_the_way_through_the_url():
    weights = dict(zip(MODALITIES, (1, 0.25, 0.75, 0.5, 1, 0.25, 1.35, 0), strict=True))
    preset, values = read_weights(write_weights(weights))
    assert preset == "custom"
    assert dict(zip(MODALITIES, values, strict=True)) == weights


def test_a_preset_gives_all_eight_weights():
    weights = Workspace(preset="visual").weights({"balanced": {}, "visual": {"visual": 3.0}})
    assert tuple(weights) == MODALITIES
    assert weights["visual"] == 3.0
    assert weights["crowd"] == 0.0


def test_a_switch_of_pages_brings_the_shared_parameters_back(url):
    workspace.carry_over("recommend")
    workspace.put(user="u-001", view="Evidence", diversity=0.5)
    url.clear()
    workspace.carry_over("library")
    assert url == {"user": "u-001", "diversity": "0.5"}


def test_a_link_wins_over_what_the_session_remembers(url):
    workspace.carry_over("recommend")
    workspace.put(user="u-001", clip="aa")
    url.clear()
    url["clip"] = "bb"
    workspace.carry_over("clip")
    assert url == {"user": "u-001", "clip": "bb"}


def test_removing_a_parameter_on_the_same_page_is_not_undone(url):
    workspace.carry_over("recommend")
    workspace.put(user="u-001")
    url.clear()
    workspace.carry_over("recommend")
    assert "user" not in url


def test_put_removes_empty_values(url):
    workspace.put(seen=True, clip="aa")
    workspace.put(seen=False, clip=None)
    assert url == {}


def test_a_zero_is_a_value(url):
    workspace.put(diversity=0.0, seen=False)
    assert url == {"diversity": "0"}
    assert workspace.current().diversity == 0.0


def test_options_are_those_of_a_list_and_always_valid(url):
    url.update({"diversity": "1", "calibration": "5", "quality": "9", "collapse": "1", "reserved": "4", "seen": "1"})
    options = workspace.current().options().checked()
    assert (options.diversity, options.calibration, options.quality) == (0.9, 0.9, 2.0)
    assert (options.collapse, options.reserved, options.include_seen) == (True, 4, True)


def test_an_unknown_preset_is_balanced_until_there_is_one():
    presets = {"balanced": {"visual": 1.0}}
    assert Workspace(preset="auto").preset_of(presets) == "balanced"
    assert Workspace(preset="auto").weights(presets)["visual"] == 1.0
    assert Workspace(preset="auto").preset_of({**presets, "auto": {"visual": 2.0}}) == "auto"
    assert Workspace(preset="custom").preset_of(presets) == "custom"


@pytest.mark.parametrize(
    ("text", "expected"),
    [(None, ["a"]), ("", ["a"]), ("b,a,b,zz", ["b", "a"]), ("a,b,c", ["a", "b"]), ("," * 1900 + "b", ["a"])],
)
def test_several_names_are_known_ones_without_doubles(url, text, expected):
    if text is not None:
        url["x"] = text
    assert workspace.several("x", ["a", "b", "c"], ["a"], 2) == expected
