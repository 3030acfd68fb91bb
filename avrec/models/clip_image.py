"""CLIP through open_clip: the image tower of the embedded profile, and both towers from a local folder.

The image tower alone is built from the verified weights; no random text tower is kept, and without a text tower there
is no text vector.
"""

from pathlib import Path
from typing import Any

import numpy as np

from avrec.models.base import LazyModel
from avrec.models.devices import run_batched
from avrec.models.torchvision_fix import prepare_torchvision
from avrec.models.weights import Weights
from avrec.schemas import ModelCard

ARCHITECTURE = "ViT-B-16-quickgelu"
DERIVED = ("clip-vit-b16-image.safetensors", "clip-vit-b16-image-int8")
MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
SIZE = 224


def preprocess(frames: np.ndarray, size: int = SIZE, mean: tuple = MEAN, std: tuple = STD) -> Any:
    """Resize the shorter side (bicubic, antialiased), crop the centre, normalise.

    Args:
        frames: uint8 RGB (n, height, width, 3).

    Returns:
        float32 tensor (n, 3, size, size).
    """
    import torch

    pixels = torch.from_numpy(np.array(frames)).permute(0, 3, 1, 2).float() / 255
    height, width = pixels.shape[2:]
    scale = size / min(height, width)
    shape = (max(size, round(height * scale)), max(size, round(width * scale)))
    if shape != (height, width):
        pixels = torch.nn.functional.interpolate(pixels, shape, mode="bicubic", antialias=True).clamp(0, 1)
    top, left = (shape[0] - size) // 2, (shape[1] - size) // 2
    pixels = pixels[:, :, top : top + size, left : left + size]
    return (pixels - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1)


def unit_rows(rows: np.ndarray) -> np.ndarray:
    """Scale rows to length 1; zero rows stay."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(norms > 0, norms, 1.0)).astype(np.float32)


class _ClipTower(LazyModel):
    """Shared by both towers: device, precision, batches."""

    def __init__(self, device: str, dtype: str, batch: int):
        super().__init__()
        self.device, self.dtype, self._batch = device, dtype, batch

    def _to_cpu(self) -> None:
        self.device, self.dtype = "cpu", "float32"
        self.handle.to("cpu").float()

    def _place(self, module: Any) -> Any:
        import torch

        return module.eval().to(self.device, getattr(torch, self.dtype))


class ClipImageEncoder(_ClipTower):
    """Pictures to CLIP ViT-B/16 vectors, 512-d.

    bf16 and fp32 differ by a cosine of .0001, so both are one version.
    """

    dim = 512

    def __init__(self, weights: Weights, device: str = "cpu", dtype: str = "float32", batch: int = 8):
        super().__init__(device, dtype, batch)
        self._weights = weights
        self.card = ModelCard(
            task="image",
            name="CLIP ViT-B/16, image tower (open_clip)",
            version="clip-vit-b16-2d2da5e2-deq-crop224-mean",
            source="package carrier",
            licence="MIT (upstream code repository)",
            device=device,
            dtype=dtype,
            memory_bytes=345_000_000,
        )

    def _load(self) -> Any:
        prepare_torchvision()
        import open_clip
        from open_clip.model import CLIPVisionCfg, _build_vision_tower
        from safetensors.torch import load_file

        config = open_clip.get_model_config(ARCHITECTURE)
        tower = _build_vision_tower(config["embed_dim"], CLIPVisionCfg(**config["vision_cfg"]), quick_gelu=True)
        tower.load_state_dict(load_file(self._weights.derived(*DERIVED)), strict=True)
        return self._place(tower)

    def encode(self, frames: np.ndarray) -> np.ndarray:
        if not len(frames):
            return np.zeros((0, self.dim), np.float32)
        with self.predict_lock:
            return unit_rows(np.concatenate(run_batched(self._encode, frames, self._batch, self._to_cpu)))

    def _encode(self, frames: np.ndarray) -> np.ndarray:
        import torch

        tower = self.handle
        with torch.inference_mode():
            pixels = preprocess(frames).to(self.device, getattr(torch, self.dtype))
            return tower(pixels).float().cpu().numpy()


class LocalClip(_ClipTower):
    """A whole CLIP model from a local folder: `config.json` names the open_clip architecture, `model.safetensors`
    holds it, as open_clip's own hub folders do."""

    def __init__(self, folder: Path, device: str = "cpu", dtype: str = "float32", batch: int = 8):
        super().__init__(device, dtype, batch)
        self.folder = folder

    def _load(self) -> Any:
        prepare_torchvision()
        import open_clip

        model, _, _ = open_clip.create_model_and_transforms(f"local-dir:{self.folder}", precision="fp32")
        tokenizer = open_clip.get_tokenizer(f"local-dir:{self.folder}")
        model = self._place(model)
        model.avrec_tokenizer = tokenizer
        return model


class LocalClipImageEncoder:
    """The image tower of a `LocalClip`."""

    def __init__(self, clip: LocalClip, version: str):
        self._clip = clip
        self.card = _local_card("image", clip, version)

    def encode(self, frames: np.ndarray) -> np.ndarray:
        def encode(batch: np.ndarray) -> np.ndarray:
            import torch

            model = self._clip.handle
            visual = model.visual
            size = visual.image_size[0] if isinstance(visual.image_size, tuple) else visual.image_size
            config = getattr(visual, "preprocess_cfg", {})
            pixels = preprocess(batch, size, config.get("mean", MEAN), config.get("std", STD))
            with torch.inference_mode():
                return (
                    model.encode_image(pixels.to(self._clip.device, getattr(torch, self._clip.dtype)))
                    .float()
                    .cpu()
                    .numpy()
                )

        if not len(frames):
            return np.zeros((0, 0), np.float32)
        with self._clip.predict_lock:
            return unit_rows(np.concatenate(run_batched(encode, frames, self._clip._batch, self._clip._to_cpu)))


class LocalClipTextEncoder:
    """The text tower of a `LocalClip`."""

    def __init__(self, clip: LocalClip, version: str):
        self._clip = clip
        self.card = _local_card("image_text", clip, version)

    def encode(self, texts: list[str]) -> np.ndarray:
        def encode(batch: list[str]) -> np.ndarray:
            import torch

            model = self._clip.handle
            with torch.inference_mode():
                return model.encode_text(model.avrec_tokenizer(list(batch)).to(self._clip.device)).float().cpu().numpy()

        if not texts:
            return np.zeros((0, 0), np.float32)
        with self._clip.predict_lock:
            return unit_rows(np.concatenate(run_batched(encode, texts, self._clip._batch, self._clip._to_cpu)))


def _local_card(task: str, clip: LocalClip, version: str) -> ModelCard:
    name = f"CLIP from {clip.folder.name} (open_clip)"
    return ModelCard(task, name, version, "local folder", "see the folder", clip.device, clip.dtype)
