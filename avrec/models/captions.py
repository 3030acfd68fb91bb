"""Captions: BLIP where its weights are, else a sentence composed from what was recognised, and named so."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from avrec.models.base import LazyModel
from avrec.models.devices import run_batched
from avrec.models.torchvision_fix import prepare_torchvision
from avrec.schemas import ModelCard

SURE = 0.5
MAX_NEW_TOKENS = 30


def compose_caption(scenes: Sequence[tuple[str, float]], objects: Sequence[tuple[str, float]]) -> str:
    """Say in one sentence what was recognised, and how sure that is.

    Args:
        scenes, objects: (label, probability), most probable first; those under the floors are left out already.
    """
    parts = []
    if scenes:
        label, probability = scenes[0]
        parts.append(f"{_article(label)}" if probability >= SURE else f"perhaps {_article(label)}")
    if objects:
        label, probability = objects[0]
        parts.append(
            f"{'with' if parts else ''} {_article(label) if probability >= SURE else 'perhaps ' + _article(label)}"
        )
    if not parts:
        return "Nothing recognised with confidence."
    sentence = " ".join(part.strip() for part in parts)
    return sentence[0].upper() + sentence[1:] + "."


def _article(label: str) -> str:
    return f"{'an' if label[:1].lower() in 'aeiou' else 'a'} {label}"


class BlipCaptioner(LazyModel):
    """BLIP (Li et al. 2022) from a local folder with safetensors."""

    def __init__(self, folder: Path, version: str, device: str = "cpu", dtype: str = "float32", batch: int = 4):
        super().__init__()
        self._folder, self._batch, self.device, self.dtype = folder, batch, device, dtype
        self.card = ModelCard(
            "captioner",
            f"BLIP from {folder.name} (transformers)",
            version,
            "local folder",
            "see the folder",
            device,
            dtype,
        )

    def _load(self) -> Any:
        prepare_torchvision()
        import torch
        from transformers import AutoProcessor, BlipForConditionalGeneration

        model = BlipForConditionalGeneration.from_pretrained(
            str(self._folder), dtype=getattr(torch, self.dtype), use_safetensors=True, local_files_only=True
        )
        return model.eval().to(self.device), AutoProcessor.from_pretrained(str(self._folder), local_files_only=True)

    def caption(self, frames: np.ndarray) -> list[str]:
        if not len(frames):
            return []
        with self.predict_lock:
            return [text for batch in run_batched(self._caption, frames, self._batch, self._to_cpu) for text in batch]

    def _to_cpu(self) -> None:
        self.device, self.dtype = "cpu", "float32"
        self.handle[0].to("cpu").float()

    def _caption(self, frames: np.ndarray) -> list[str]:
        import torch

        model, processor = self.handle
        inputs = processor(images=list(frames), return_tensors="pt").to(self.device, getattr(torch, self.dtype))
        with torch.inference_mode():
            tokens = model.generate(**inputs, max_new_tokens=MAX_NEW_TOKENS, do_sample=False)
        return [text.strip() for text in processor.batch_decode(tokens, skip_special_tokens=True)]
