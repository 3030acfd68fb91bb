"""Users, first view, left: taste by topic and by modality, interest over time, history."""

from collections.abc import Mapping

import streamlit as st

from avrec.export import csv_text
from avrec.schemas import MODALITIES, HistoryLine, PersonProfile
from avrec.ui import charts, users_charts
from avrec.ui import format as fmt
from avrec.ui.chrome import heading
from avrec.ui.format import escape
from avrec.ui.palette import hue, modality_name
from avrec.ui.recommend_why import describe_events

MOST_TOPICS, MOST_LINES = 8, 200


def taste(profile: PersonProfile) -> None:
    """Two columns of bars: what they like, and what their list is made of."""
    left, right = st.columns(2, gap="medium")
    with left:
        heading("Taste by topic", "share of positive weight")
        st.html(_topics(profile.topics))
    with right:
        heading("By modality", "mean of their first 20 clips")
        st.html(_modalities(profile.modalities))


def _topics(topics: Mapping[str, float]) -> str:
    if not topics:
        return '<div class="av-cap">Nothing with a topic is liked yet.</div>'
    top = max(topics.values())
    rows = [_bar(name, share / top, fmt.percent(share), "av-ink") for name, share in [*topics.items()][:MOST_TOPICS]]
    rest = [*topics.values()][MOST_TOPICS:]
    tail = f"and {fmt.count(len(rest), 'more topic')}, together {fmt.percent(sum(rest))}" if rest else ""
    return "".join(rows) + f'<div class="av-cap">{tail}</div>'


def _modalities(means: Mapping[str, float]) -> str:
    if not any(means.values()):
        return '<div class="av-cap">Nothing is left to rank, so nothing speaks.</div>'
    top = max(means.values())
    return "".join(
        _bar(modality_name(m), means[m] / top, fmt.score(means[m]), f"av-m-{m}", hue(m).tooltip)
        for m in MODALITIES
        if m in means
    )


def _bar(name: str, share: float, value: str, colour: str, tip: str = "") -> str:
    hidden = "" if share else ";visibility:hidden"
    label = escape(f"{name}: {value}" + (f"; {tip}" if tip else ""))
    return (
        f'<div class="av-twin" role="img" aria-label="{label}" title="{label}"><span>{escape(name)}</span>'
        f'<div><i class="{colour}" style="width:{100 * share:.1f}%{hidden}"></i></div>'
        f"<div><small>{value}</small></div></div>"
    )


def over_time(profile: PersonProfile) -> None:
    """The line chart; with a single period there is no time to show."""
    if len(profile.periods) < 2 or not profile.interest:
        return
    heading("Interest over time", "signed event weights per topic, decayed to each date")
    names = ", ".join(profile.interest)
    charts.draw(
        users_charts.interest(profile.periods, profile.interest, charts.theme()), "interest",
        f"Interest in {names} from {profile.periods[0]} to {profile.periods[-1]}. The CSV is under History.",
    )  # fmt: skip


def history(lines: tuple[HistoryLine, ...], profile: PersonProfile) -> None:
    """Every clip of the history with its weight and what it contributes now."""
    heading("History", f"{fmt.count(len(lines), 'item')}; contribution: sum over their first 20 clips")
    if not lines:
        st.caption("No event yet. A profile text or three likes make a first list.")
        return
    rows = [_row(line) for line in lines]
    st.dataframe(
        rows[:MOST_LINES], hide_index=True, height=min(36 * len(rows) + 38, 330), row_height=32, key="history",
        column_config={
            "Clip": st.column_config.TextColumn(width="medium"),
            "Events": st.column_config.TextColumn(width="medium"),
            "Weight": st.column_config.NumberColumn(format="%+.2f", width=64, help="What its events add up to now"),
            "Contribution": st.column_config.NumberColumn(format="%+.2f", width=92, help="Sum of its ledger lines"),
        },
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.download_button(
            "History as CSV", csv_text(rows), "history.csv", "text/csv", icon=":material/download:", type="tertiary"
        )
        if profile.interest:
            over = [
                {"date": date, **{topic: levels[i] for topic, levels in profile.interest.items()}}
                for i, date in enumerate(profile.periods)
            ]
            st.download_button(
                "Interest as CSV", csv_text(over), "interest.csv", "text/csv", icon=":material/download:",
                type="tertiary",
            )  # fmt: skip
        if len(rows) > MOST_LINES:
            st.caption(f"The {MOST_LINES} that contribute most are shown; the CSV has all {len(rows):,}.")


def _row(line: HistoryLine) -> dict[str, object]:
    return {
        "Clip": line.title,
        "Events": describe_events(list(line.events)) or "what they say of themself",
        "Weight": round(line.weight, 4),
        "Contribution": round(line.contribution, 4),
    }
