"""Self-checks, each with a sentence that says what to do."""

import logging
import platform
import shutil
from collections.abc import Callable
from importlib import metadata

from avrec import __version__
from avrec.config import Settings
from avrec.errors import AvrecError, StoreError
from avrec.ingest.model_versions import STAGE_OF, stale_clips
from avrec.ingest.orphans import FOUND_PREFIX, clear_orphans
from avrec.models.catalogue import Models
from avrec.models.verify import verify
from avrec.models.weights import Weights
from avrec.store.clips import ClipStore
from avrec.store.database import DAMAGED_ADVICE, Database
from avrec.store.replacing import KEPT_PREFIX, folder_bytes
from avrec.store.salvage import salvage

log = logging.getLogger(__name__)

PACKAGES = (
    "streamlit", "torch", "torchvision", "transformers", "open-clip-torch", "openai-whisper", "faster-whisper",
    "pandas", "plotly", "scikit-learn", "av", "onnxruntime", "sqlalchemy",
)  # fmt: skip
LOW_SPACE_BYTES = 1_000_000_000
MEND = (
    "Put a backup in place with `python -m avrec restore FILE`, or keep what can still be read with "
    "`python -m avrec doctor --repair`; the damaged database is put aside either way."
)
Row = tuple[str, bool, str]


def versions() -> dict[str, str]:
    """avrec, Python and the packages that decide what comes out."""
    found = {"avrec": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "missing"
    return found


def check(
    settings: Settings,
    database: Database,
    clips: ClipStore,
    models: Models,
    files: Callable[[], tuple[bool, str]],
    *,
    thorough: bool = False,
) -> list[Row]:
    """Check store, disk, files and weights; what belongs to nothing is cleared away.

    Args:
        files: Checks whether clips have their files, and mends what it can.

    Returns:
        (check, passed, sentence) in a fixed order; a check that itself fails says why.
    """
    store = _row("database", lambda: _database(database, thorough))
    # A damaged database may have lost rows without a word, and what they name would look as if it belonged to nothing.
    left = (False, "Not looked at, since the database is not sound.")
    return [
        store,
        _row("disk space", lambda: _space(settings)),
        _row("clip files", files if store[1] else lambda: left),
        _row("orphans", lambda: (True, clear_orphans(settings, database).sentence()) if store[1] else left),
        _row("vectors", lambda: _vectors(clips, models)),
        _row("weights", lambda: _weights(settings)),
        *_models(models),
    ]


def repair_database(settings: Settings) -> str | None:
    """Replace a damaged database by what can be read of it, and say what that is; None where it is sound.

    Raises:
        StoreError: It cannot be repaired, as it is in use or no file of avrec's; nothing was changed.
    """
    try:
        database = Database(settings)
        try:
            if database.check(thorough=True) == "ok":
                return None
        finally:
            database.close()
    except StoreError as error:
        if error.advice != DAMAGED_ADVICE:
            raise
    return salvage(settings).sentence()


def check_closed(settings: Settings, error: StoreError) -> list[Row]:
    """What can be checked where the store itself cannot be opened."""
    return [
        ("database", False, f"{error.reason}. {MEND}" if error.advice == DAMAGED_ADVICE else str(error)),
        _row("disk space", lambda: _space(settings)),
        _row("weights", lambda: _weights(settings)),
    ]


def _row(name: str, look: Callable[[], tuple[bool, str]]) -> Row:
    try:
        return name, *look()
    except AvrecError as error:
        return name, False, str(error)
    except Exception:  # a row with values that make no sense, or a disk that fails: the other checks still count
        log.exception("the check of %s failed", name)
        return name, False, "This could not be checked; the log has the details."


def _database(database: Database, thorough: bool) -> tuple[bool, str]:
    answer = database.check(thorough)
    return answer == "ok", "The database is sound." if answer == "ok" else f"The database is damaged: {answer}. {MEND}"


def _space(settings: Settings) -> tuple[bool, str]:
    free = shutil.disk_usage(settings.data).free
    kept = [path for prefix in (KEPT_PREFIX, FOUND_PREFIX) for path in settings.data.glob(f"{prefix}*")]
    words = f"{free / 1e9:.1f} GB are free for the data directory."
    if kept:
        size = sum(folder_bytes(path) for path in kept) / 1e6
        words += f" {len(kept)} folder(s) of what was put aside ({size:.1f} MB) can be deleted."
    return free > LOW_SPACE_BYTES, words


def _vectors(clips: ClipStore, models: Models) -> tuple[bool, str]:
    """Vectors of other models, and vectors that are damaged: a stage that runs again makes both anew."""
    stale = {stage: len(found) for stage, found in stale_clips(models, clips).items()}
    damaged = clips.damaged_vectors()
    wrong = [f"{clip_id}, {modality}: {reason}" for clip_id, modality, reason in damaged[:5]]
    more = f" and {len(damaged) - 5} more" if len(damaged) > 5 else ""
    sentences = [f"{count} clip(s) have their {stage} from another model." for stage, count in stale.items()]
    sentences += [f"{len(damaged)} vector(s) are damaged and left out ({'; '.join(wrong)}{more})."] if damaged else []
    stages = dict.fromkeys([*stale, *(STAGE_OF[modality] for _, modality, _ in damaged)])
    sentences += [f"Run `python -m avrec rerun {stage}`." for stage in stages]
    if sentences:
        return False, " ".join(sentences)
    return True, "All vectors are sound and from the present models."


def _weights(settings: Settings) -> tuple[bool, str]:
    """Missing or damaged weights; a file that was verified and did not change since is not hashed again."""
    found = verify(Weights(settings))
    wrong = [reason if reason != "missing" else f"{name} is missing" for name, reason in found if reason]
    if wrong:
        return False, f"{' '.join(wrong)} Run `python -m avrec weights fetch`."
    return True, f"All {len(found)} weights of the embedded profile are the verified ones."


def _models(models: Models) -> list[Row]:
    rows: list[Row] = []
    for card in models.cards():
        if card.available:
            rows.append((f"model: {card.task}", True, f"{card.name}, {card.source}."))
        elif not card.stands_in_for and "profile" not in card.reason:
            rows.append((f"model: {card.task}", False, card.reason))
    return rows
