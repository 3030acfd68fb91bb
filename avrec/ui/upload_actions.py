"""What can be done to jobs: every button goes through here, and what cannot be taken back is asked about first."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from avrec.errors import AvrecError
from avrec.schemas import QueueCounts
from avrec.ui import format as fmt
from avrec.ui.resources import engine, plain_error

ASK = "queue-ask"
ENDED = {"done": "done", "failed": "stopped", "cancelled": "cancelled"}


@dataclass(frozen=True)
class Question:
    """A change of many jobs that waits for a yes."""

    sentence: str
    yes: str
    method: str
    args: tuple[Any, ...] = ()


def do(method: str, *args: Any, **options: Any) -> None:
    """Call the engine from a button's callback; what it refuses is said in its own sentence."""
    st.session_state.pop(ASK, None)
    try:
        getattr(engine(), method)(*args, **options)
    except AvrecError as error:
        st.toast(plain_error(error))


def button(label: str, method: str, *args: Any, key: str, kind: str = "tertiary", **options: Any) -> None:
    st.button(label, type=kind, key=key, on_click=do, args=(method, *args), kwargs=options)


def ask(place: str, name: str) -> None:
    st.session_state[ASK] = (place, name)


def answer(place: str, questions: Mapping[str, Question]) -> None:
    """Draw the question that was asked in this panel, as things stand now; one that no longer makes sense goes."""
    asked = st.session_state.get(ASK)
    if not asked or asked[0] != place:
        return
    question = questions.get(asked[1])
    if question is None:
        del st.session_state[ASK]
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"chosen-ask-{place}"):
        st.html(f'<div role="alert" style="font-size:13px">{fmt.escape(question.sentence)}</div>', width="stretch")
        with st.container(horizontal=True, width="content", gap="small"):
            button(question.yes, question.method, *question.args, key=f"ask-yes-{place}", kind="primary")
            st.button("No", type="tertiary", key=f"ask-no-{place}", on_click=st.session_state.pop, args=(ASK, None))


def bulk(counts: QueueCounts) -> dict[str, Question]:
    """Name -> question, of the changes of many jobs that are possible now."""
    found = {}
    if counts.cancellable:
        waiting = f"{counts.cancellable:,}"
        sentence = f"Cancel all {waiting} that wait? What is in hand goes on; a cancelled file can be retried."
        found["cancel"] = Question(sentence, f"Cancel {waiting}", "cancel_queued")
    for state, word in ENDED.items():
        number = getattr(counts, state)
        if number:
            gone = "Their clips stay." if state == "done" else "Uploads that became no clip are deleted."
            sentence = f"Take {fmt.count(number, f'{word} job')} off the list? {gone}"
            found[state] = Question(sentence, f"Remove {number:,}", "remove_ended", (state,))
    return found


def menu(counts: QueueCounts) -> dict[str, str]:
    """What can be done to many jobs now: name -> label."""
    found = {}
    if counts.cancellable:
        found["cancel"] = f"Cancel all {counts.cancellable:,} waiting"
    if counts.failed:
        found["retry"] = f"Retry all {counts.failed:,} stopped"
    return found | {s: f"Remove all {n:,} {word}" for s, word in ENDED.items() if (n := getattr(counts, s))}


def choose(key: str) -> None:
    """Callback of the menu: what can be taken back is done, the rest is asked about."""
    chosen = st.session_state[key]
    if chosen == "retry":
        do("retry_failed")
    elif chosen:
        ask("queue", chosen)
