"""Which stages the library's clips went through with other models than the present ones.

Vectors say by their version which model made them; transcripts and labels only by the model's name, which the clip's
record holds. A card never loads its model.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from avrec.errors import AvrecError
from avrec.store.clips import ClipStore

RERUN_STAGES = ("speech", "audio", "pictures", "text")
MODALITIES_OF = {"speech": (), "audio": ("audio",), "pictures": ("visual", "caption"), "text": ("speech", "meaning")}
STAGE_OF = {modality: stage for stage, mine in MODALITIES_OF.items() for modality in mine}
TASKS_OF = {  # models that a stage cannot do without
    "speech": ("transcriber",),
    "audio": ("sound",),
    "pictures": ("image", "scenes", "objects"),
    "text": ("sentences", "documents"),
}


@dataclass(frozen=True)
class Present:
    """What a stage would leave now.

    Attributes:
        versions: Modality -> version of its vectors.
        names: Key of a clip's models -> name of the model, of models that leave no vectors.
    """

    versions: Mapping[str, str]
    names: Mapping[str, str]


def present(models: Any, stage: str) -> Present | None:
    """What a stage would leave now; None where its models cannot be used."""
    with suppress(AvrecError):
        match stage:
            case "speech":
                return Present({}, {"speech": models.transcriber.card.name})
            case "audio":
                return Present({"audio": models.sound.card.version}, {})
            case "text":
                speech, meaning = models.sentences.card.version, models.documents.card.version
                return Present({"speech": speech, "meaning": meaning}, {})
            case "pictures":
                versions = {"visual": models.image.card.version, "caption": _caption_version(models)}
                return Present(versions, {task: getattr(models, task).card.name for task in ("scenes", "objects")})
    return None


def _caption_version(models: Any) -> str:
    if models.captioner is None:
        return models.picture_map.card.version
    return f"{models.captioner.card.version}+{models.sentences.card.version}"


def can_run(models: Any, stage: str) -> bool:
    """Whether the weights of all models that a stage needs are here."""
    missing = {card.task for card in models.cards() if not card.available}
    return present(models, stage) is not None and not missing & set(TASKS_OF[stage])


def stale_clips(models: Any, clips: ClipStore) -> dict[str, dict[str, set[str]]]:
    """Stage -> clip id -> the other models' versions or names, of clips that the present models have not seen."""
    versions, names = clips.all_versions(), clips.all_models()
    found: dict[str, dict[str, set[str]]] = {}
    for stage in RERUN_STAGES:
        now = present(models, stage)
        if now is None:
            continue
        stale: dict[str, set[str]] = {}
        for modality, version in now.versions.items():
            for clip_id, held in versions.get(modality, {}).items():
                if version not in held:
                    stale.setdefault(clip_id, set()).update(held)
        for task, name in now.names.items():
            for clip_id, used in names.items():
                if task in used and _plain(used[task]) != _plain(name):
                    stale.setdefault(clip_id, set()).add(used[task])
        if stale:
            found[stage] = stale
    return found


def _plain(name: str) -> str:
    """A model's name without its backend: the same weights are the same model wherever they run."""
    return name.partition(" (")[0]
