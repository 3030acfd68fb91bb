"""What can be done to jobs: every button goes through here, and what cannot be taken back is asked about first."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from avrec.errors import AvrecError
from avrec.schemas import QueueCounts
from avrec.ui import format as fmt
from avrec.ui.resources import engine, plain_error

ASK = "queue-ask"


@dataclass(frozen=True)
class Question:
    """A change of many jobs that waits for a yes. `place`: the panel that asks."""

    place: str
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


def ask(question: Question) -> None:
    st.session_state[ASK] = question


def answer(place: str) -> None:
    """Draw the question that this panel has asked, if it has."""
    question = st.session_state.get(ASK)
    if not isinstance(question, Question) or question.place != place:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"chosen-ask-{place}"):
        st.html(f'<div role="alert" style="font-size:13px">{fmt.escape(question.sentence)}</div>', width="stretch")
        with st.container(horizontal=True, width="content", gap="small"):
            button(question.yes, question.method, *question.args, key=f"ask-yes-{place}", kind="primary")
            st.button("No", type="tertiary", key=f"ask-no-{place}", on_click=st.session_state.pop, args=(ASK, None))


def bulk(counts: QueueCounts) -> dict[str, Question | Callable[[], None]]:
    """Label -> what it does, of the changes of many jobs that are possible now."""
    waiting, failed = f"{counts.cancellable:,}", f"{counts.failed:,}"
    found: dict[str, Any] = {}
    if counts.cancellable:
        sentence = f"Cancel all {waiting} that wait? What is in hand goes on; a cancelled file can be retried."
        found[f"Cancel all {waiting} waiting"] = Question("queue", sentence, f"Cancel {waiting}", "cancel_queued")
    if counts.failed:
        found[f"Retry all {failed} stopped"] = lambda: do("retry_failed")
    for state, word, number in (
        ("done", "done", counts.done),
        ("failed", "stopped", counts.failed),
        ("cancelled", "cancelled", counts.cancelled),
    ):
        if number:
            gone = "Their clips stay." if state == "done" else "Uploads that became no clip are deleted."
            sentence = f"Take {fmt.count(number, f'{word} job', f'{word} jobs')} off the list? {gone}"
            question = Question("queue", sentence, f"Remove {number:,}", "remove_ended", (state,))
            found[f"Remove all {number:,} {word}"] = question
    return found


def choose(key: str, options: dict[str, Question | Callable[[], None]]) -> None:
    """Callback of the menu: ask first, or do it."""
    chosen = options.get(st.session_state[key])
    if isinstance(chosen, Question):
        ask(chosen)
    elif chosen is not None:
        chosen()
