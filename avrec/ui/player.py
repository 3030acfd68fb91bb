"""The player: a clip's proxy, streamed with ranges, opened at a chosen moment.

Streamlit's own player takes no address of this server, and would read a file into memory.
"""

import streamlit as st

from avrec.schemas import Clip
from avrec.ui import workspace
from avrec.ui.format import escape
from avrec.ui.routes import media_url

PLAYS = "plays"


def play_at(clip_id: str, seconds: float) -> None:
    """Open the clip's player at a moment on the next run and play; the moment goes to the URL."""
    workspace.put(t=float(round(max(seconds, 0.0), 2)))
    st.session_state[PLAYS] = (clip_id, plays(clip_id) + 1)


def plays(clip_id: str) -> int:
    """How many moments of the clip were asked for since it was opened; the player starts anew when it grows."""
    played, turns = st.session_state.get(PLAYS, ("", 0))
    return turns if played == clip_id else 0


def player(
    clip: Clip, start: float | None = None, end: float | None = None, *, play: bool = False, turn: int = 0
) -> str:
    """HTML of a player.

    Args:
        start, end: The moment in seconds; playing stops at its end.
        play: Start at once.
        turn: Changes when the same moment is asked for again, so that the browser starts it again.
    """
    moment = "" if start is None else f"#t={start:.2f}" + (f",{end:.2f}" if end is not None else "")
    source = f"{media_url(clip.clip_id, 'proxy')}{moment}"
    options = f' data-turn="{turn}"' + (" autoplay" if play else "")
    label = escape(f"Player: {clip.title}")
    if clip.info.kind == "audio":
        options += f' aria-label="{label}" style="width:100%"'
        return f'<audio controls preload="metadata"{options} src="{source}"></audio>'
    poster = "" if start else f' poster="{media_url(clip.clip_id, "poster")}"'
    return (
        f'<video controls playsinline preload="metadata"{options}{poster} aria-label="{label}" src="{source}" '
        'style="width:100%;max-height:320px;border-radius:6px;background:#000;display:block"></video>'
    )
