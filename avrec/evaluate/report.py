"""An evaluation as one HTML file that asks nothing of the network: tables, and the leaderboard drawn as SVG."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from avrec.evaluate import findings, tables
from avrec.evaluate.results import Evaluation

STYLE = """
:root{color-scheme:light dark}
body{font:14px/1.5 Inter,'Noto Sans',system-ui,sans-serif;margin:2rem auto;max-width:1000px;padding:0 1rem;
background:light-dark(#fff,#121417);color:light-dark(#1b1f27,#e7eaee)}
h1{font-size:22px;margin:0}h2{font-size:15px;margin:2rem 0 .5rem}
p{margin:.3rem 0;color:light-dark(#5b6472,#98a1ae)}
table{border-collapse:collapse;width:100%;font-size:13px;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:3px 10px 3px 0;border-bottom:1px solid light-dark(#e3e6eb,#2a2f37)}
td:first-child{white-space:nowrap}th{font-weight:500;color:light-dark(#5b6472,#98a1ae)}
svg text{fill:light-dark(#1b1f27,#e7eaee);font:12px Inter,'Noto Sans',sans-serif}
.scroll{overflow-x:auto}
"""
WIDTH, LEFT, LINE = 960, 330, 22


def html_report(evaluation: Evaluation) -> str:
    """The report."""
    facts = evaluation.dataset
    title = f"{facts.title}: {findings.metric_title(evaluation.metric, evaluation.k)}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{escape(findings.headline(evaluation))}. "
        f"{escape(findings.leader_words(evaluation, evaluation.metric))}.</p>",
        f"<p>{escape(evaluation.protocol)}. {facts.people:,} people, {facts.clips:,} clips, {facts.positives:,} "
        f"positives; {evaluation.tested:,} people tested. {escape(facts.note)}</p>",
        "<p>Intervals: 95 % bootstrap over people. Tests: paired permutation, Holm-corrected. "
        f"Run {escape(evaluation.hash)}, {escape(evaluation.made_at)}, {evaluation.seconds:.1f} s.</p>",
        "<h2>Leaderboard</h2>",
        whiskers(evaluation, evaluation.metric),
    ]
    for name, make in tables.TABLES.items():
        rows = make(evaluation)
        if name == "leaderboard":
            rows = wide(evaluation)
        if rows:
            parts.append(f"<h2>{escape(name.capitalize())}</h2>{table(rows)}")
    if facts.rejected:
        parts.append("<h2>Rejected rows</h2>" + table([{"line": n, "reason": r} for n, r in facts.rejected]))
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
    policy = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    return f'<!doctype html><html lang="en"><head>{policy}{head}</head><body>{"".join(parts)}</body></html>'


def wide(evaluation: Evaluation) -> list[dict[str, Any]]:
    """A row an algorithm, a column a metric."""
    rows = []
    for row in evaluation.rows:
        error = {"error": row.error} if row.error else {}
        rows.append({"algorithm": row.title} | {name: found.value for name, found in row.metrics.items()} | error)
    return rows


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as an HTML table, escaped."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    head = "".join(f"<th>{escape(str(name).replace('_', ' '))}</th>" for name in names)
    body = "".join("<tr>" + "".join(f"<td>{_cell(row.get(name))}</td>" for name in names) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else escape(str(value))


def whiskers(evaluation: Evaluation, metric: str) -> str:
    """Dots with their intervals, the best first."""
    rows = [row for row in evaluation.rows if metric in row.metrics]
    rows.sort(key=lambda row: -row.metrics[metric].value)
    if not rows:
        return ""
    most = max(row.metrics[metric].high or row.metrics[metric].value for row in rows) or 1.0
    scale = (WIDTH - LEFT - 20) / most
    drawn = []
    for i, row in enumerate(rows):
        found, y = row.metrics[metric], 14 + i * LINE
        x = LEFT + found.value * scale
        low, high = (LEFT + (v if v is not None else found.value) * scale for v in (found.low, found.high))
        colour = "#4F46E5" if row.algorithm == evaluation.focus else "#667085"
        drawn.append(
            f'<text x="{LEFT - 12}" y="{y + 4}" text-anchor="end">{escape(row.title[:44])} {found.value:.3f}</text>'
            f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{y}" y2="{y}" stroke="{colour}" stroke-width="2"/>'
            f'<circle cx="{x:.1f}" cy="{y}" r="4" fill="{colour}"/>'
        )
    height = 20 + len(rows) * LINE
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" width="100%" role="img" aria-label="Leaderboard">{"".join(drawn)}</svg>'
    )
