"""Self-checks, each with a sentence that says what to do."""

import platform
import shutil
from importlib import metadata

from avrec import __version__
from avrec.config import Settings
from avrec.errors import AvrecError
from avrec.ingest.model_versions import STAGE_OF, stale_clips
from avrec.models.catalogue import Models
from avrec.models.verify import verify
from avrec.models.weights import Weights
from avrec.store.clips import ClipStore
from avrec.store.database import Database

PACKAGES = (
    "streamlit", "torch", "torchvision", "transformers", "open-clip-torch", "openai-whisper", "faster-whisper",
    "pandas", "plotly", "scikit-learn", "av", "onnxruntime", "sqlalchemy",
)  # fmt: skip
LOW_SPACE_BYTES = 1_000_000_000


def versions() -> dict[str, str]:
    """avrec, Python and the packages that decide what comes out."""
    found = {"avrec": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "missing"
    return found


def check(settings: Settings, database: Database, clips: ClipStore, models: Models) -> list[tuple[str, bool, str]]:
    """Check store, disk, files and weights.

    Returns:
        (check, passed, sentence) in a fixed order.
    """
    return [
        _database(database),
        _space(settings),
        _clip_files(settings, clips),
        _orphans(settings, clips),
        _versions(clips, models),
        _weights(settings),
        *_models(models),
    ]


def _database(database: Database) -> tuple[str, bool, str]:
    try:
        answer = database.check()
    except AvrecError as error:
        return "database", False, str(error)
    return (
        "database",
        answer == "ok",
        "The database is sound." if answer == "ok" else f"The database is damaged: {answer}",
    )


def _space(settings: Settings) -> tuple[str, bool, str]:
    free = shutil.disk_usage(settings.data).free
    return "disk space", free > LOW_SPACE_BYTES, f"{free / 1e9:.1f} GB are free for the data directory."


def _clip_files(settings: Settings, clips: ClipStore) -> tuple[str, bool, str]:
    lost = [c for c in clips.ids() if not (settings.clips_dir / c).is_dir()]
    if lost:
        return (
            "clip files",
            False,
            f"{len(lost)} clip(s) lack their proxy files: {', '.join(lost[:5])}. Add them again.",
        )
    return "clip files", True, "Every clip has its files."


def _orphans(settings: Settings, clips: ClipStore) -> tuple[str, bool, str]:
    """Folders that a crash left without a row; nobody can reach them, so they are removed."""
    known = set(clips.ids())
    folders = [p for p in settings.clips_dir.glob("*") if p.is_dir()] if settings.clips_dir.exists() else []
    orphans = [p for p in folders if p.name not in known]
    for folder in orphans:
        shutil.rmtree(folder, ignore_errors=True)
    return (
        "orphans",
        True,
        f"Removed {len(orphans)} folder(s) without a clip." if orphans else "No folder lacks its clip.",
    )


def _versions(clips: ClipStore, models: Models) -> tuple[str, bool, str]:
    """Vectors of other models, and vectors that are damaged."""
    stale = {stage: len(found) for stage, found in stale_clips(models, clips).items()}
    damaged = clips.damaged_vectors()
    wrong = [f"{clip_id}, {modality}: {reason}" for clip_id, modality, reason in damaged[:5]]
    more = f" and {len(damaged) - 5} more" if len(damaged) > 5 else ""
    sentences = [f"{count} clip(s) have their {stage} from another model." for stage, count in stale.items()]
    sentences += [f"{len(damaged)} vector(s) are damaged and left out ({'; '.join(wrong)}{more})."] if damaged else []
    stages = dict.fromkeys([*stale, *(STAGE_OF[modality] for _, modality, _ in damaged)])
    sentences += [f"Run `python -m avrec rerun {stage}`." for stage in stages]
    if sentences:
        return "vectors", False, " ".join(sentences)
    return "vectors", True, "All vectors are sound and from the present models."


def _weights(settings: Settings) -> tuple[str, bool, str]:
    """Missing or damaged weights; a file that was verified and did not change since is not hashed again."""
    found = verify(Weights(settings))
    wrong = [reason if reason != "missing" else f"{name} is missing" for name, reason in found if reason]
    if wrong:
        return "weights", False, f"{' '.join(wrong)} Run `python -m avrec weights fetch`."
    return "weights", True, f"All {len(found)} weights of the embedded profile are the verified ones."


def _models(models: Models) -> list[tuple[str, bool, str]]:
    rows = []
    for card in models.cards():
        if card.available:
            rows.append((f"model: {card.task}", True, f"{card.name}, {card.source}."))
        elif not card.stands_in_for and "profile" not in card.reason:
            rows.append((f"model: {card.task}", False, card.reason))
    return rows
