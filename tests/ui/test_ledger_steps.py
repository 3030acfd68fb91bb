"""The drawn lines of every algorithm add up: parts to their line, lines to the score."""

import pytest
from synthetic import make_dataset

from avrec.recommend.options import ListOptions
from avrec.recommend.registry import ENTRIES, make
from avrec.schemas import Contribution, Recommendation
from avrec.ui.ledger_steps import ledger_steps, other_leaves, sums

OPTIONS = ListOptions(
    diversity=0.4, calibration=0.4, quality=1, freshness=0.5, long_tail=0.5, collapse=True, reserved=2
)


@pytest.mark.parametrize("name", list(ENTRIES))
def test_what_is_drawn_adds_up(name):
    model = make(name).fit(make_dataset(n=30, users=8, each=8, seed=3))
    for place in model.recommend("u1", 6, options=OPTIONS).recommendations:
        steps = ledger_steps(place)
        assert sum(step.value for step in steps) == pytest.approx(place.score, abs=1e-6)
        for step in steps:
            if step.parts:
                assert sum(part.value for part in step.parts) == pytest.approx(step.value, abs=1e-9)
                assert all(part.name != model.title for part in step.parts)
        assert "add" in sums(place.ledger)
        assert "miss" not in sums(place.ledger)
        for kind in ("neighbour", "factor"):
            others = other_leaves(place.ledger, kind)
            expected = [leaf.value for leaf in place.ledger.leaves() if leaf.kind == kind]
            assert sum(step.value for step in others) == pytest.approx(sum(expected), abs=1e-9)
            assert [abs(step.value) for step in others] == sorted((abs(s.value) for s in others), reverse=True)


def place_of(*lines: Contribution, **details) -> Recommendation:
    total = sum(line.value for line in lines)
    ledger = Contribution("EASE", "algorithm", total, lines, "ease", details)
    return Recommendation(1, "c", "Clip", total, None, "", ledger, {})


def test_priors_stand_below_their_line_by_name():
    leaves = (
        Contribution("liked by many", "prior", 0.2, (), "popularity", {"weight": 0.1, "match": 2.0}),
        Contribution("rated well", "prior", -0.1, (), "quality", {"weight": 1.0, "match": -0.1}),
    )
    (step,) = ledger_steps(place_of(Contribution("Prior", "modality", 0.1, leaves, "prior"), fit="f"))
    assert [(part.name, part.remark) for part in step.parts] == [
        ("popularity", "0.10 × +2.00"), ("quality", "1.00 × \u22120.10"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("part", "shown"), [("EASE", []), ("two-step walk", ["two-step walk"]), ("direct match", []), ("", [])]
)
def test_a_single_part_is_named_where_it_says_more_than_the_title(part, shown):
    line = Contribution("Crowd", "modality", 0.4, (), "crowd", {"part": part})
    (step,) = ledger_steps(place_of(line))
    assert [part.name for part in step.parts] == shown


def test_content_that_is_all_learned_is_told_once():
    lines = [Contribution(m, "modality", 0.1, (), m, {"part": "learned with the crowd"}) for m in ("visual", "speech")]
    place = place_of(*lines, fit="f")
    assert not any(step.parts for step in ledger_steps(place))
    assert "none is direct match" in sums(place.ledger)


def test_lines_that_do_not_add_up_are_owned_up_to():
    inner = (Contribution("A", "clip", 0.1, (), "a"),)
    ledger = Contribution("X", "algorithm", 0.5, (Contribution("Crowd", "modality", 0.5, inner, "crowd"),), "x")
    assert "misses the score by 0.4" in sums(ledger)


def test_neighbours_are_numbered_and_never_named():
    details = {"similarity": 0.5, "common": 4}
    leaves = tuple(Contribution("a person", "neighbour", v, (), "u-9", details) for v in (0.1, -0.3))
    line = Contribution("Crowd", "modality", -0.2, leaves, "crowd")
    found = other_leaves(place_of(line).ledger, "neighbour")
    assert [(step.name, step.value, step.remark) for step in found] == [
        ("Neighbour 1", -0.3, "likeness 0.50, 4 in common"), ("Neighbour 2", 0.1, "likeness 0.50, 4 in common"),
    ]  # fmt: skip
