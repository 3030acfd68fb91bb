"""Both towers of a CLIP from a local folder: `open_clip_config.json` and safetensors, as open_clip's hub folders are.

The towers share one network, so pictures and texts cannot come from different weights.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from avrec.models.clip_image import MEAN, STD, preprocess, unit_rows
from avrec.models.local_folder import LocalFolder
from avrec.models.torch_model import TorchModel
from avrec.schemas import ModelCard

CONFIG = "open_clip_config.json"


class LocalClip(TorchModel):
    """The network; `ClipTower`s are its two faces."""

    def __init__(self, folder: LocalFolder, device: str = "cpu", dtype: str = "float32", batch: int = 8):
        super().__init__(folder.card("image", "CLIP (open_clip)", "open_clip-mean", device, dtype), batch)
        self._folder = folder
        self.dim = int(folder.config(CONFIG).get("model_cfg", {}).get("embed_dim", 0))

    def _open(self) -> Any:
        import open_clip

        name = f"local-dir:{self._folder.path}"
        with self._folder.opening():
            # open_clip by itself would take a pickle before some safetensors, so it only builds the network.
            network = open_clip.create_model(name, load_weights=False, pretrained_text=False)
            open_clip.load_checkpoint(network, str(self._folder.safetensors()), strict=True)
            return network, open_clip.get_tokenizer(name)

    def encode_frames(self, frames: np.ndarray) -> np.ndarray:
        network, _ = self.handle
        wish = network.visual.preprocess_cfg
        size = wish["size"] if isinstance(wish["size"], int) else wish["size"][0]
        squash = wish.get("resize_mode") == "squash"
        pixels = preprocess(frames, size, wish.get("mean") or MEAN, wish.get("std") or STD, squash)
        return network.encode_image(pixels.to(self.device, self.dtype)).float().cpu().numpy()

    def encode_texts(self, texts: list[str]) -> np.ndarray:
        network, tokenizer = self.handle
        return network.encode_text(tokenizer(list(texts)).to(self.device)).float().cpu().numpy()


class _ClipTower:
    """What the catalogue asks of any model, answered by the shared network."""

    task: str

    def __init__(self, clip: LocalClip):
        self._clip = clip
        self.dim = clip.dim

    @property
    def card(self) -> ModelCard:
        return replace(self._clip.card, task=self.task)

    @property
    def loaded(self) -> bool:
        return self._clip.loaded

    @property
    def last_used(self) -> float:
        return self._clip.last_used

    def unload(self) -> None:
        self._clip.unload()

    def try_unload(self) -> bool:
        return self._clip.try_unload()


class LocalClipImageEncoder(_ClipTower):
    """Pictures to unit vectors."""

    task = "image"

    def encode(self, frames: np.ndarray) -> np.ndarray:
        """Encode uint8 RGB (n, height, width, 3) to unit float32 (n, dim)."""
        if not len(frames):
            return np.zeros((0, self.dim), np.float32)
        return unit_rows(np.concatenate(self._clip._run(self._clip.encode_frames, frames)))


class LocalClipTextEncoder(_ClipTower):
    """Texts to unit vectors in the pictures' space."""

    task = "image_text"

    def encode(self, texts: list[str]) -> np.ndarray:
        """Encode to unit float32 (len(texts), dim); an empty text gives zeros."""
        filled = [i for i, text in enumerate(texts) if text.strip()]
        out = np.zeros((len(texts), self.dim), np.float32)
        if filled:
            rows = self._clip._run(self._clip.encode_texts, [texts[i] for i in filled])
            out[filled] = unit_rows(np.concatenate(rows))
        return out
