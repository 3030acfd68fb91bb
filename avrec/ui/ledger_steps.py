"""The ledger as lines to draw: modalities with their parts, priors with theirs, and what stands behind them.

A line's parts are shown where they say more than the line: two of them, or one that is neither the usual nor the
algorithm's own name.
"""

from avrec.explain.ledger import LEARNED
from avrec.schemas import CONTENT_MODALITIES, Contribution, Recommendation
from avrec.ui import format as fmt
from avrec.ui.bars import Step
from avrec.ui.palette import hue, modality_name

PRIORS = {"popularity": "popularity", "quality": "quality", "freshness": "freshness", "long_tail": "long tail"}
USUAL = ("liked by many", "direct match", "")
SHORT = {"learned with the crowd": "with the crowd", "like what the crowd goes on to": "crowd, then content"}
UNITS = {
    "similarity": ("likeness {}", fmt.probability), "common": ("{} in common", "{:g}".format),
    "confidence": ("confidence {}", fmt.probability), "rating": ("rated {}", "{:g}".format),
    "taste": ("taste {}", fmt.probability), "clip": ("clip {}", fmt.probability),
    "variance": ("explains {}", fmt.percent),
}  # fmt: skip


def ledger_steps(place: Recommendation) -> list[Step]:
    """The ledger's lines for the waterfall."""
    return [_step(line, place.ledger) for line in place.ledger.children]


def _step(line: Contribution, ledger: Contribution) -> Step:
    remark = "list penalty" if line.kind == "penalty" else _weighted(line, _modal(ledger))
    behind = len({leaf.key for leaf in line.leaves() if leaf.kind == "clip"})
    clips = fmt.count(behind, "watched clip") if behind else ""
    part = str(line.details.get("part", ""))
    tooltip = "; ".join(text for text in (hue(line.key).tooltip or line.label, part, clips) if text)
    name = modality_name(line.key) if hue(line.key).tooltip else line.label
    return Step(line.key, name, line.value, remark, tooltip, _parts(line, ledger))


def _parts(line: Contribution, ledger: Contribution) -> tuple[Step, ...]:
    inner = [child for child in line.children if child.kind in ("part", "prior")]
    if inner:
        modal = _modal(ledger)
        return tuple(
            Step(line.key, _part_name(part), part.value, _weighted(part, modal), f"{part.label}{_behind(part)}")
            for part in inner
        )
    only = str(line.details.get("part", ""))
    if line.kind == "penalty" or only in (*USUAL, ledger.label) or _all_learned(ledger):
        return ()
    return (Step(line.key, SHORT.get(only, only), line.value, "", only),)


def _modal(ledger: Contribution) -> bool:
    """Whether the weights of modalities move this score: those that have a fit of the content name it."""
    return "fit" in ledger.details


def _all_learned(ledger: Contribution) -> bool:
    """Whether every line of content is what was learned with the crowd, so that saying it line by line is idle."""
    parts = {line.details.get("part") for line in ledger.children if line.key in CONTENT_MODALITIES}
    return parts == {LEARNED}


def _part_name(part: Contribution) -> str:
    return PRIORS.get(part.key) or SHORT.get(part.label, part.label)


def _behind(part: Contribution) -> str:
    clips = sum(child.kind == "clip" for child in part.children)
    return f"; {fmt.count(clips, 'watched clip')}" if clips else ""


def _weighted(line: Contribution, modal: bool) -> str:
    """ "0.75 × +1.42"; nothing where the weight is no one's choice."""
    weight, match = line.details.get("weight"), line.details.get("match")
    if not weight or match is None or (weight == 1 and not modal):
        return ""
    return f"{weight:.2f} × {fmt.signed(match, 2)}"


def sums(ledger: Contribution) -> str:
    """What the drawn lines add up to, checked here and now."""
    gap = abs(sum(leaf.value for leaf in ledger.leaves()) - ledger.value)
    inner = max((abs(sum(c.value for c in line.children) - line.value) for line in _nodes(ledger)), default=0.0)
    one = len(ledger.children) == 1
    kind = "exact" if ledger.exact else "approximate: leave-one-out differences"
    if max(gap, inner) < 1e-6:
        told = f"{'adds' if one else 'add'} up to the score (difference under 0.000001)"
    else:
        told = f"{'misses' if one else 'miss'} the score by {max(gap, inner):.6f}"
    weighted = any(_weighted(line, _modal(ledger)) for line in ledger.children)
    indented = any(_parts(line, ledger) for line in ledger.children)
    unit = "" if _all_learned(ledger) else ", in σ above a random pair"
    scale = f"Weight × match{unit}. " if weighted else ""
    whole = " All content lines are learned with the crowd, none is direct match." if _all_learned(ledger) else ""
    inside = ", indented ones to the line above them" if indented else ""
    return f"{scale}The {fmt.count(len(ledger.children), 'line')} {told}{inside}; {kind}.{whole}"


def _nodes(ledger: Contribution) -> list[Contribution]:
    found = [child for child in ledger.children if child.children]
    return [*found, *(node for child in found for node in _nodes(child))]


def other_leaves(ledger: Contribution, kind: str) -> list[Step]:
    """Leaves of a kind that is no watched clip, the largest first: neighbours, factors."""
    found = [(line.key, leaf) for line in ledger.children for leaf in line.leaves() if leaf.kind == kind]
    found.sort(key=lambda item: -abs(item[1].value))
    return [_other(key, leaf, number) for number, (key, leaf) in enumerate(found, 1)]


def _other(key: str, leaf: Contribution, number: int) -> Step:
    """A line of its own; neighbours have no names, so they are numbered and their numbers told."""
    remark = _remark(leaf)
    name = f"Neighbour {number}" if leaf.kind == "neighbour" and remark else leaf.label
    return Step(key, name, leaf.value, remark, leaf.label)


def _remark(leaf: Contribution) -> str:
    """ "likeness 0.82, 7 in common": those of a leaf's numbers that have a name here."""
    return ", ".join(
        pattern.format(write(leaf.details[name]))
        for name, (pattern, write) in UNITS.items()
        if isinstance(leaf.details.get(name), int | float)
    )
