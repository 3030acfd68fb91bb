"""The panels of Evaluate: each states its finding in its remark and gives its numbers as CSV."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import streamlit as st

from avrec.evaluate import findings, tables
from avrec.evaluate.metrics import TITLES
from avrec.evaluate.results import AblationRow, Comparison, Estimate, Evaluation, Faithfulness
from avrec.export import csv_text
from avrec.ui import evaluate_charts as charts
from avrec.ui import format as fmt
from avrec.ui import pages, workspace
from avrec.ui.charts import draw, theme
from avrec.ui.chrome import Cell, metric_strip
from avrec.ui.evaluate_controls import METRICS
from avrec.ui.format import escape
from avrec.ui.palette import modality_name
from avrec.ui.people import address, real_id, shown

SECOND = ("diversity", "novelty", "serendipity", "coverage", "popularity", "gini")


@contextmanager
def panel(key: str, title: str, remark: str, rows: tables.Rows) -> Iterator[None]:
    """A bordered panel with its title, finding and CSV twin on one line."""
    with st.container(border=True, height="stretch", key=f"ev-{key}"):
        with st.container(horizontal=True, wrap=False, vertical_alignment="top", key=f"ev-head-{key}"):
            st.html(f'<p class="av-h2" style="padding-top:4px">{escape(title)} <span class="av-mut" '
                    f'style="font-size:12px;font-weight:400;margin-left:6px">{escape(remark)}</span></p>')  # fmt: skip
            st.download_button(
                "CSV", csv_text(rows), f"{key}.csv", "text/csv", type="tertiary", icon=":material/download:",
                key=f"ev-csv-{key}", on_click="ignore", width="content",
            )  # fmt: skip
        yield


def strip(evaluation: Evaluation, metric: str) -> None:
    """Best, gain over popularity, people, coverage, reasons that hold, when."""
    name, focus = findings.best(evaluation, metric), evaluation.focus
    top = evaluation.value(name, metric)
    gain = evaluation.compared(focus, "popularity", metric)
    coverage = evaluation.value(focus, "coverage")
    held = [f for f in evaluation.faithfulness if f.algorithm == focus]
    checked = sum(f.checked for f in held)
    short = fmt.cut(findings.short(evaluation, name), 22) if name else "none"
    focus_name = findings.short(evaluation, focus) if focus else ""
    cells = [
        Cell("Best", short, f"{top.value:.3f}" if top else "", "The highest mean; see what is not distinguishable")
    ]
    if gain is not None:
        known = gain.low is not None and gain.high is not None
        half = f"± {(gain.high - gain.low) / 2:.3f}" if known else "too few people"
        tip = f"{findings.compared_words(evaluation, gain)}; {_bounds(gain)}"
        cells.append(Cell(f"{focus_name} over popularity", fmt.signed(gain.difference), half, tip))
    cells.append(Cell("People tested", f"{evaluation.tested:,}", "2,000 resamples", evaluation.protocol))
    if coverage is not None:
        cells.append(Cell("Coverage", fmt.percent(coverage.value), f"of clips in {focus_name}'s lists"))
    if checked:
        rate = sum(f.rate.value * f.checked for f in held) / checked
        cells.append(
            Cell("Reasons that hold", fmt.percent(rate), f"of {checked:,} checked", findings.faithful_words(evaluation))
        )
    facts = evaluation.dataset
    cells.append(
        Cell("Dataset", f"{facts.positives:,} positives", f"{facts.people:,} people, {facts.clips:,} clips", facts.note)
    )
    cells.append(Cell("Ran", _ago(evaluation), f"{evaluation.seconds:.0f} s", f"Run {evaluation.hash}"))
    metric_strip(cells)


def _ago(evaluation: Evaluation) -> str:
    from datetime import datetime

    return fmt.ago(datetime.fromisoformat(evaluation.made_at))


def leaderboard(evaluation: Evaluation, metric: str) -> None:
    words = f"{findings.headline(evaluation, metric)}. {findings.leader_words(evaluation, metric)}"
    words += "; ≈ marks them." if findings.level_with_best(evaluation, metric) else "."
    with panel("leaderboard", "Leaderboard", words, tables.leaderboard(evaluation)):
        now = theme()
        if not charts.ranked(evaluation, metric):
            st.markdown("None of these models has it: only models that predict ratings do, where there are ratings.")
            return
        alt = "; ".join(
            f"{row.title} {row.metrics[metric].value:.3f}" for row in charts.ranked(evaluation, metric)[:12]
        )
        draw(charts.leaderboard(evaluation, metric, now), "ev-chart-leaderboard", f"Leaderboard: {alt}")
        for row in evaluation.rows:
            if row.error:
                st.html(f'<p class="av-cap">{escape(row.title)}: {escape(row.error)}</p>')


def accuracy_against(evaluation: Evaluation, metric: str) -> None:
    known = [name for name in SECOND if any({name, metric} <= set(row.metrics) for row in evaluation.rows)]
    if not known:
        with panel("pareto", f"{METRICS[metric]} against diversity", "", []):
            st.markdown("Nothing to draw: no model has both.")
        return
    second = workspace.choice("against", known, known[0])
    rows = tables.two_metrics(evaluation, metric, second)
    with panel("pareto", f"{METRICS[metric]} against {TITLES[second].lower()}", "dotted: not beaten on both", rows):
        st.segmented_control(
            "Against", known, format_func=str.capitalize, required=True, label_visibility="collapsed",
            **workspace.bound("against", second, "ev-against"),
        )  # fmt: skip
        alt = "; ".join(f"{row['title']} {row[metric]:.3f}, {row[second]:.3f}" for row in rows[:12])
        draw(charts.scatter(evaluation, metric, second, theme()), "ev-chart-pareto", f"{metric} and {second}: {alt}")


def ablation(evaluation: Evaluation) -> None:
    whole = evaluation.value("hybrid", evaluation.metric)
    name = findings.metric_title(evaluation.metric, evaluation.k)
    words = f"Hybrid on all: {whole.value:.3f} {name}; {findings.ablation_words(evaluation)}" if whole else ""
    with panel("ablation", "Modality ablation", words, tables.ablation(evaluation)):
        if not evaluation.ablation:
            st.markdown("Choose the hybrid among the models to see which modality carries it.")
            return
        st.html(ablation_table(evaluation.ablation))


def ablation_table(rows: tuple[AblationRow, ...]) -> str:
    """HTML: bar of the change from zero in the modality's colour, its interval as a thin line."""
    marks = [0.0]
    for row in rows:
        marks += [row.change.value, row.change.low or 0.0, row.change.high or 0.0]
    low, high = min(marks), max(marks)
    scale = 100.0 / max(high - low, 1e-9)
    head = (
        '<div class="av-abl av-abl-head" role="row"><span role="columnheader">Modality</span>'
        '<span role="columnheader">Alone</span><span role="columnheader">Change</span>'
        '<span role="columnheader">when removed, 95 %</span><span role="columnheader">Hurt</span></div>'
    )
    body = []
    for row in rows:
        change = row.change
        left, width = (min(change.value, 0.0) - low) * scale, abs(change.value) * scale
        bounds = [change.value if bound is None else bound for bound in (change.low, change.high)]
        start, end = ((bound - low) * scale for bound in bounds)
        tip = (
            f"{modality_name(row.modality)}: alone {row.alone.value:.3f}, without {row.without:.3f}; change, "
            f"{_bounds(change)}, Holm {findings.p_words(row.corrected)}"
        )
        body.append(
            f'<div class="av-abl" role="row" title="{escape(tip)}"><span role="cell"><i class="av-dot '
            f'av-m-{escape(row.modality)}"></i>{escape(modality_name(row.modality))}</span>'
            f'<span role="cell">{row.alone.value:.3f}</span><b role="cell">{fmt.signed(change.value)}</b>'
            f'<span role="cell" class="av-lane" style="--zero:{-low * scale:.2f}%">'
            f'<i class="av-part av-m-{escape(row.modality)}" style="left:{left:.2f}%;width:max(1px,{width:.2f}%)"></i>'
            f'<i class="av-whisk" style="left:{start:.2f}%;width:{max(end - start, 0):.2f}%"></i></span>'
            f'<span role="cell">{fmt.percent(row.hurt)}</span></div>'
        )
    return f'<div role="table" aria-label="Modality ablation">{head}{"".join(body)}</div>'


def cold_start(evaluation: Evaluation) -> None:
    name = findings.metric_title(evaluation.metric, evaluation.k)
    words = f"{name} as history grows; {evaluation.cold_people:,} people, each a newcomer"
    with panel("cold-start", "Cold start", words, tables.cold_start(evaluation)):
        if not evaluation.cold_start:
            st.markdown("Too few people have enough events to draw this.")
            return
        alt = "; ".join(f"{p.algorithm} at {p.known}: {p.estimate.value:.3f}" for p in evaluation.cold_start)
        draw(charts.cold_start(evaluation, theme()), "ev-chart-cold", f"Cold start: {alt}")


def calibration(evaluation: Evaluation) -> None:
    with panel("calibration", "Calibration", findings.calibration_words(evaluation), tables.calibration(evaluation)):
        if not evaluation.calibration:
            st.markdown("Too few pairs to tell.")
            return
        alt = "; ".join(f"P{b.low:.0f} to P{b.high:.0f}: {b.rate.value:.1%}" for b in evaluation.calibration)
        draw(charts.calibration(evaluation, theme()), "ev-chart-calibration", f"Hit rate by score: {alt}")


def popularity_bias(evaluation: Evaluation) -> None:
    words, rows = findings.bias_words(evaluation), tables.popularity_bias(evaluation)
    with panel("popularity-bias", "Popularity bias", words, rows):
        if not evaluation.popularity_bias:
            st.markdown("Fewer than five clips: nothing to compare.")
            return
        name = escape(findings.short(evaluation, evaluation.focus))
        st.html(
            f'<div class="av-legend"><span><i class="av-dot av-part" style="opacity:.5"></i>what people like</span>'
            f'<span><i class="av-dot av-accent"></i>{name}</span><span><i class="av-dot" style="border:1px solid '
            'currentColor;box-sizing:border-box"></i>Popularity</span></div>'
        )
        alt = "; ".join(f"{b.label}: likes {b.history:.0%}" for b in evaluation.popularity_bias)
        draw(charts.popularity_bias(evaluation, theme()), "ev-chart-bias", f"Popularity bias: {alt}")


def faithfulness(evaluation: Evaluation) -> None:
    found = sorted(evaluation.faithfulness, key=lambda f: (f.algorithm != evaluation.focus, -f.rate.value))
    words = "removing the first-named reason takes more off than removing a random other"
    with panel("faithfulness", "Do reasons hold?", words, tables.faithfulness(evaluation)):
        if not found:
            st.markdown("None of these models names watched clips or modalities as its reasons.")
            return
        st.html(
            f'<div role="table" aria-label="Faithfulness">{"".join(_rate(evaluation, f) for f in found[:10])}</div>'
            '<div class="av-cap">Where a score is a sum over watched clips, its largest line is by construction what '
            "matters most: there the rate checks the ledger, elsewhere it judges the reasons.</div>"
        )


def _bounds(of: Estimate | Comparison) -> str:
    if of.low is None or of.high is None:
        return "too few people for an interval"
    return f"95 % {of.low:+.3f} to {of.high:+.3f}"


def _rate(evaluation: Evaluation, found: Faithfulness) -> str:
    rate = found.rate
    low, high = (100 * (v if v is not None else rate.value) for v in (rate.low, rate.high))
    name = findings.short(evaluation, found.algorithm)
    tone = "av-accent" if found.algorithm == evaluation.focus else "av-part"
    return (
        f'<div class="av-rate" role="row"><span role="cell">{escape(name)}</span>'
        f'<span role="cell" class="av-mut">{escape(found.reason)}</span>'
        f'<span role="cell" class="av-lane av-track" style="--zero:50%"><i class="av-part {tone}" style="left:0;'
        f'width:{100 * rate.value:.1f}%"></i><i class="av-whisk" style="left:{low:.1f}%;width:{high - low:.1f}%"></i>'
        "</span>"
        f'<span role="cell" title="of {found.checked:,} reasons; the line and the range are the 95 % interval over '
        f'people"><b>{rate.value:.0%}</b> {f"{low:.0f}–{high:.0f}" if rate.low is not None else ""}</span></div>'
    )


def worst_served(evaluation: Evaluation) -> None:
    name = findings.metric_title(evaluation.metric, evaluation.k)
    words = f"lowest {name} by {findings.short(evaluation, evaluation.focus)}" if evaluation.focus else ""
    rows = [{**row, "user_id": address(str(row["user_id"]))} for row in tables.worst_served(evaluation)]
    with panel("worst", "Served worst", words, rows):
        if not evaluation.worst:
            st.markdown("Nobody to show.")
        for person in evaluation.worst:
            first = f"first hit at #{person.best_rank}" if person.best_rank else f"no hit in {evaluation.k}"
            known = fmt.count(person.history, "positive")
            text = f"{name} {person.value:.3f}, {first}; {known} known, {person.targets} held out"
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                _person(person.user_id, evaluation)
                st.html(f'<span class="av-cap">{escape(text)}</span>')


def _person(user_id: str, evaluation: Evaluation) -> None:
    name = fmt.cut(shown(real_id(user_id) or user_id), 20)
    if not evaluation.dataset.in_library:
        st.html(f'<span style="font-size:13px">{escape(name)}</span>', width="content")
        return
    st.page_link(
        pages.RECOMMEND, label=fmt.plain(name), icon=":material/person:", width="content",
        query_params=workspace.link(user=user_id, algorithm=evaluation.focus),
    )  # fmt: skip


def rejected(evaluation: Evaluation) -> None:
    """The rows of a file that could not be used."""
    found: tuple[tuple[int, str], ...] = evaluation.dataset.rejected
    if not found:
        return
    rows: list[dict[str, Any]] = [{"line": line, "reason": reason} for line, reason in found]
    with panel("rejected", "Rejected rows", fmt.count(len(rows), "line"), rows):
        st.dataframe(rows, hide_index=True, height=200)
