"""Captions: BLIP where its weights are, else a sentence composed from what was recognised, and named so."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from avrec.models.local_folder import LocalFolder, open_transformer
from avrec.models.torch_model import TorchModel

SURE = 0.5
PLACE_SURE = 0.8
MAX_NEW_TOKENS = 30
MAX_TEXT = 80


def compose_caption(
    scenes: Sequence[tuple[str, float]],
    objects: Sequence[tuple[str, float]],
    outdoor: float | None = None,
    text: str = "",
) -> str:
    """Say in one sentence what was recognised, and how sure that is.

    Args:
        scenes, objects: (label, probability), most probable first; those under the floors are left out already.
        outdoor: Probability of being outdoors; said where no scene is certain but this is.
        text: Text on the screen, or "".
    """
    scene = _hedged(scenes[0]) if scenes else ""
    place = "" if scenes and scenes[0][1] >= SURE else _place(outdoor)
    where = ", ".join(part for part in (place, scene) if part)
    thing = _hedged(objects[0]) if objects else ""
    if where and thing:
        sentence = f"{where}{',' if place else ''} with {thing}."
    elif where or thing:
        sentence = f"{where or thing}."
    elif text:
        sentence = ""
    else:
        return "Nothing recognised with confidence."
    shown = f"Text on screen: “{text[:MAX_TEXT]}”." if text else ""
    return f"{sentence[:1].upper()}{sentence[1:]} {shown}".strip()


def _hedged(named: tuple[str, float]) -> str:
    label, probability = named
    article = f"{'an' if label[:1].lower() in 'aeiou' else 'a'} {label}"
    return article if probability >= SURE else f"perhaps {article}"


def _place(outdoor: float | None) -> str:
    if outdoor is None or 1 - PLACE_SURE < outdoor < PLACE_SURE:
        return ""
    return "outdoors" if outdoor >= PLACE_SURE else "indoors"


class BlipCaptioner(TorchModel):
    """BLIP (Li et al. 2022) from a local folder with safetensors; greedy, so the same picture gets the same words."""

    def __init__(self, folder: LocalFolder, device: str = "cpu", dtype: str = "float32", batch: int = 4):
        card = folder.card("captioner", "BLIP (transformers)", f"greedy{MAX_NEW_TOKENS}", device, dtype)
        super().__init__(card, batch)
        self._folder = folder

    def _open(self) -> Any:
        from transformers import AutoProcessor, BlipForConditionalGeneration

        with self._folder.opening():
            network = open_transformer(BlipForConditionalGeneration, self._folder.path, self.dtype)
            return network, AutoProcessor.from_pretrained(
                str(self._folder.path), local_files_only=True, trust_remote_code=False
            )

    def caption(self, frames: np.ndarray) -> list[str]:
        """One sentence per uint8 RGB frame (n, height, width, 3)."""
        if not len(frames):
            return []
        return [text for batch in self._run(self._caption, frames) for text in batch]

    def _caption(self, frames: np.ndarray) -> list[str]:
        network, processor = self.handle
        inputs = processor(images=list(frames), return_tensors="pt").to(self.device, self.dtype)
        tokens = network.generate(**inputs, max_new_tokens=MAX_NEW_TOKENS, do_sample=False)
        return [text.strip() for text in processor.batch_decode(tokens, skip_special_tokens=True)]
