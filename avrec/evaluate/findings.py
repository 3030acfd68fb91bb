"""What an evaluation says, in sentences built from its numbers: no more than they carry."""

from avrec.evaluate.metrics import TITLES
from avrec.evaluate.results import Comparison, Evaluation
from avrec.schemas import MODALITIES


def short(evaluation: Evaluation, algorithm: str) -> str:
    """An algorithm's title up to its colon, "Hybrid"; with what follows where others share the name."""
    row = evaluation.row(algorithm)
    title = row.title if row else algorithm
    name = title.split(":")[0]
    shared = sum(other.title.split(":")[0] == name for other in evaluation.rows) > 1
    return title.replace(":", ",") if shared else name


ERRORS = ("rmse", "mae")  # the smaller, the better


def signed(value: float) -> str:
    """A difference with its sign, three decimals, a real minus."""
    return f"{value:+.3f}".replace("-", "\u2212")


def p_words(p: float) -> str:
    """A p-value as it is written in a sentence."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def compared_words(evaluation: Evaluation, comparison: Comparison) -> str:
    """ "Hybrid beats Popularity by 0.12, paired p = 0.003", or that they cannot be told apart."""
    first, second = short(evaluation, comparison.first), short(evaluation, comparison.second)
    p = p_words(comparison.corrected)
    if not comparison.distinguishable:
        return f"{first} is not distinguishable from {second} (difference {signed(comparison.difference)}, paired {p})"
    if comparison.difference < 0:
        first, second = second, first
    return f"{first} beats {second} by {abs(comparison.difference):.3f}, paired {p}"


def headline(evaluation: Evaluation, metric: str | None = None) -> str:
    """The hybrid against popularity where it ran, else the best against popularity."""
    metric = metric or evaluation.metric
    focus = evaluation.focus if evaluation.value(evaluation.focus, metric) else best(evaluation, metric)
    found = evaluation.compared(focus, "popularity", metric)
    if found is not None:
        return compared_words(evaluation, found)
    leader = best(evaluation, metric)
    return f"{short(evaluation, leader)} has the best mean" if leader else "Nothing could be evaluated"


def best(evaluation: Evaluation, metric: str) -> str:
    """The algorithm with the best mean, whatever the intervals; "" where none has the metric."""
    known = [row for row in evaluation.rows if metric in row.metrics]
    if metric in ERRORS:
        return min(known, key=lambda row: row.metrics[metric].value).algorithm if known else ""
    return max(known, key=lambda row: row.metrics[metric].value).algorithm if known else ""


def level_with_best(evaluation: Evaluation, metric: str) -> set[str]:
    """Algorithms that cannot be told apart from the best."""
    top = best(evaluation, metric)
    level = set()
    for row in evaluation.rows:
        found = evaluation.compared(top, row.algorithm, metric)
        if found is not None and not found.distinguishable:
            level.add(row.algorithm)
    return level


def leader_words(evaluation: Evaluation, metric: str) -> str:
    """Who leads, and how many cannot be told apart from it."""
    top, level = best(evaluation, metric), level_with_best(evaluation, metric)
    if not top:
        return ""
    if not any(c.metric == metric for c in evaluation.comparisons):
        return f"{short(evaluation, top)} leads by its mean"
    if not level:
        return f"{short(evaluation, top)} leads, distinguishable from all others"
    return f"{short(evaluation, top)} leads; {len(level)} of {len(evaluation.rows) - 1} are not distinguishable from it"


def ablation_words(evaluation: Evaluation) -> str:
    """Which modality carries the hybrid."""
    rows = [row for row in evaluation.ablation if row.modality in MODALITIES]
    if not rows:
        return ""
    clear = [row for row in rows if row.corrected < 0.05 and row.change.value < 0]
    if clear:
        most = min(clear, key=lambda row: row.change.value)
        return f"{most.modality} carries most: without it {signed(most.change.value)}, {p_words(most.corrected)}"
    worst = min(rows, key=lambda row: row.change.value)
    if worst.change.value >= 0:
        return "no single modality is missed when it is removed"
    missed = f"{worst.modality} is missed most ({signed(worst.change.value)})"
    return f"{missed}, but within chance ({p_words(worst.corrected)})"


def faithful_words(evaluation: Evaluation) -> str:
    """The rate at which the focus's reasons hold."""
    mine = [f for f in evaluation.faithfulness if f.algorithm == evaluation.focus]
    return "; ".join(f"{f.reason} {f.rate.value:.0%} of {f.checked}" for f in mine)


def calibration_words(evaluation: Evaluation) -> str:
    """Whether the highest tenth of scores holds more hits than all together."""
    bins = evaluation.calibration
    pairs = sum(b.pairs for b in bins)
    if not pairs:
        return ""
    base = sum(b.rate.value * b.pairs for b in bins) / pairs
    top = bins[-1].rate.value
    return f"the top tenth of scores is hit {top / base:.1f} times as often as chance" if base else ""


def bias_words(evaluation: Evaluation) -> str:
    """How much of the lists goes to the most liked fifth of the clips."""
    bins = evaluation.popularity_bias
    if not bins or evaluation.focus not in bins[-1].listed:
        return ""
    most = bins[-1]
    return (
        f"{most.listed[evaluation.focus]:.0%} of {short(evaluation, evaluation.focus)}'s places go to the most liked "
        f"fifth, which has {most.history:.0%} of likes"
    )


def metric_title(metric: str, k: int) -> str:
    """ "nDCG@10"; metrics of no list length stand alone."""
    return TITLES[metric] if metric in ("auc", "rmse", "mae") else f"{TITLES[metric]}@{k}"


def tuned_words(evaluation: Evaluation) -> str:
    """The hybrid's weights where they were tuned: "content 0.2, cease 1, walk 0.3, popularity 1"."""
    if not evaluation.tuned:
        return ""
    parts = ", ".join(f"{name} {value:g}" for name, value in evaluation.tuned.items() if isinstance(value, float | int))
    fit, crowd = evaluation.tuned["fit"], evaluation.tuned["crowd"]
    read = "; the crowd reads all likes alike" if crowd["binary"] else ""
    read += "; dislikes count nothing there" if not crowd["negatives"] else ""
    return (
        f"Hybrid {evaluation.tuned['source']}: {parts}; lambda {fit['regularization']:g}, beta {fit['beta']:g}, "
        f"dropout {fit['dropout']:g}, kernel {fit['kernel']:g}{read}"
    )
