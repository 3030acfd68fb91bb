"""How numbers, times and other people's text are written, in one place so that pages agree."""

import html
import re
from datetime import UTC, datetime

MINUS = "\u2212"
DASH = "\u2013"
SPACE = "\u00a0"

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$:<>&^=])")
_LINK = re.compile(r"(?i)(https?|www)(?=://|\.)|(?=@)")  # what Markdown makes links of, escaped or not
JOINER = "\u2060"  # no width, and no part of an address
LANGUAGES = {
    "en": "English", "zh": "Chinese", "de": "German", "fr": "French", "es": "Spanish", "it": "Italian",
    "pt": "Portuguese", "nl": "Dutch", "ru": "Russian", "ja": "Japanese", "ko": "Korean", "ar": "Arabic",
    "hi": "Hindi", "pl": "Polish", "tr": "Turkish", "sv": "Swedish", "uk": "Ukrainian", "cs": "Czech",
}  # fmt: skip


def escape(text: str) -> str:
    """Other people's text for `st.html`: markup shows as text."""
    return html.escape(str(text), quote=True)


def chart_text(text: str) -> str:
    """Other people's text for a chart's hover template: neither markup nor a placeholder."""
    return escape(text).replace("{", "&#123;")


def plain(text: str) -> str:
    """Other people's text for labels and Markdown: all that means something there is escaped, and nothing is a link."""
    return _MARKDOWN.sub(r"\\\1", _LINK.sub(rf"\g<0>{JOINER}", " ".join(str(text).split())))


def cut(text: str, length: int = 30) -> str:
    """At most `length` characters, the last an ellipsis where something was cut."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def score(value: float) -> str:
    """0.742, −0.016."""
    return f"{_zero(value, 3):.3f}".replace("-", MINUS)


def signed(value: float, places: int = 3) -> str:
    """+0.168, −0.016, 0.000."""
    value = _zero(value, places)
    return f"{value:+.{places}f}".replace("-", MINUS) if value else f"{0:.{places}f}"


def probability(value: float) -> str:
    """0.91, for similarities and probabilities."""
    return f"{_zero(value, 2):.2f}".replace("-", MINUS)


def sigma(value: float) -> str:
    """+1.42 σ."""
    return f"{signed(value, 2)}{SPACE}σ"


def percent(share: float) -> str:
    """41 % from 0.41."""
    return f"{round(share * 100)}{SPACE}%"


def percentile(value: float | None) -> str:
    """P98, or nothing where there is none."""
    return "" if value is None else f"P{min(int(value), 99)}"


def higher_than(value: float | None) -> str:
    """ "higher than 98 % of random person–clip pairs", the number that `percentile` shows; nothing where none is."""
    return "" if value is None else f"higher than {min(int(value), 99)}{SPACE}% of random person–clip pairs"


def rank(value: int | None) -> str:
    return "off the list" if value is None else f"#{value}"


def rank_change(before: int | None, now: int) -> str:
    """▲ 2, ▼ 1, "new", or nothing where the place is the same."""
    if before is None:
        return "new"
    step = before - now
    return "" if step == 0 else f"{'▲' if step > 0 else '▼'}{SPACE}{abs(step)}"


def moment(seconds: float) -> str:
    """0:04, 1:02:03."""
    whole = max(int(seconds), 0)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"


def moments(start: float, end: float) -> str:
    """0:04–0:06."""
    return f"{moment(start)}{DASH}{moment(end)}"


def duration(seconds: float) -> str:
    """8.1 s, 9 min 12 s, 2 h 5 min."""
    if seconds < 60:
        return f"{seconds:.1f}{SPACE}s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}{SPACE}min {whole % 60}{SPACE}s"
    return f"{whole // 3600}{SPACE}h {whole % 3600 // 60}{SPACE}min"


def interval(low: float, high: float, places: int = 2) -> str:
    """0.27–0.35."""
    return f"{low:.{places}f}{DASH}{high:.{places}f}".replace("-", MINUS)


def count(number: int, singular: str, plural: str | None = None) -> str:
    """1 clip, 38 clips, 2,000 pairs."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def size(number: int) -> str:
    """640 kB, 1.2 GB (decimal units)."""
    for unit, limit in (("B", 1e3), ("kB", 1e6), ("MB", 1e9)):
        if number < limit:
            return f"{number / (limit / 1e3):.0f}{SPACE}{unit}"
    return f"{number / 1e9:.1f}{SPACE}GB"


def ago(at: datetime, now: datetime | None = None) -> str:
    """just now, 5 min ago, 3 h ago, 2 days ago."""
    seconds = ((now or datetime.now(UTC)) - at).total_seconds()
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return f"{int(seconds // 60)} min ago"
    if seconds < 86400:
        return f"{int(seconds // 3600)} h ago"
    return count(int(seconds // 86400), "day") + " ago"


def language(code: str | None) -> str:
    """English for en; the code where the name is not known; "none" without one."""
    return LANGUAGES.get(code, code) if code else "none"


def _zero(value: float, places: int) -> float:
    """Round, and turn a negative zero into zero."""
    rounded = round(float(value), places)
    return rounded if rounded else 0.0
