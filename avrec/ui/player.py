"""The player: a clip's proxy, streamed with ranges, opened at a chosen moment."""

from avrec.schemas import Clip
from avrec.ui.format import escape
from avrec.ui.routes import media_url


def player(clip: Clip, start: float | None = None, end: float | None = None, *, play: bool = False) -> str:
    """HTML of a player.

    Args:
        start, end: The moment in seconds; playing stops at its end.
        play: Start at once, muted unless it is sound only, as browsers want it.
    """
    moment = "" if start is None else f"#t={start:.2f}" + (f",{end:.2f}" if end is not None else "")
    source = f"{media_url(clip.clip_id, 'proxy')}{moment}"
    options = " autoplay" if play else ""
    label = escape(f"Player: {clip.title}")
    if clip.info.kind == "audio":
        style = "width:100%"
        return (
            f'<audio controls preload="metadata"{options} aria-label="{label}" style="{style}" src="{source}"></audio>'
        )
    poster = media_url(clip.clip_id, "poster")
    return (
        f'<video controls playsinline preload="metadata"{options} poster="{poster}" aria-label="{label}" '
        f'src="{source}" '
        'style="width:100%;max-height:320px;border-radius:6px;background:#000;display:block"></video>'
    )
