"""CLIP's image tower of the embedded profile, built from the verified weights through open_clip.

Only this tower is built: no random text tower is kept, and without a text tower there is no text vector.
"""

from typing import Any

import numpy as np

from avrec.models.torch_model import TorchModel
from avrec.models.weights import Weights
from avrec.schemas import ModelCard

ARCHITECTURE = "ViT-B-16-quickgelu"
DERIVED = ("clip-vit-b16-image.safetensors", "clip-vit-b16-image-int8")
MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
SIZE = 224


def preprocess(frames: np.ndarray, size: int = SIZE, mean: tuple = MEAN, std: tuple = STD, squash: bool = False) -> Any:
    """Resize the shorter side (bicubic, antialiased), crop the centre, normalise.

    Args:
        frames: uint8 RGB (n, height, width, 3).
        squash: Resize both sides instead and crop nothing, as SigLIP does.

    Returns:
        float32 tensor (n, 3, size, size).
    """
    import torch

    pixels = torch.from_numpy(np.array(frames)).permute(0, 3, 1, 2).float() / 255
    height, width = pixels.shape[2:]
    scale = size / min(height, width)
    shape = (size, size) if squash else (max(size, round(height * scale)), max(size, round(width * scale)))
    if shape != (height, width):
        pixels = torch.nn.functional.interpolate(pixels, shape, mode="bicubic", antialias=True).clamp(0, 1)
    top, left = (shape[0] - size) // 2, (shape[1] - size) // 2
    pixels = pixels[:, :, top : top + size, left : left + size]
    return (pixels - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1)


def unit_rows(rows: np.ndarray) -> np.ndarray:
    """Scale rows to length 1; zero rows stay."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(norms > 0, norms, 1.0)).astype(np.float32)


class ClipImageEncoder(TorchModel):
    """Pictures to CLIP ViT-B/16 vectors, 512-d.

    bf16 and fp32 differ by a cosine of .0001, so both are one version.
    """

    dim = 512

    def __init__(self, weights: Weights, device: str = "cpu", dtype: str = "float32", batch: int = 8):
        card = ModelCard(
            task="image",
            name="CLIP ViT-B/16, image tower (open_clip)",
            version="clip-vit-b16-2d2da5e2-deq-crop224-mean",
            source="package carrier",
            licence="MIT (upstream code repository)",
            device=device,
            dtype=dtype,
            memory_bytes=345_000_000,
        )
        super().__init__(card, batch)
        self._weights = weights

    def _open(self) -> Any:
        import open_clip
        from open_clip.model import CLIPVisionCfg, _build_vision_tower
        from safetensors.torch import load_file

        config = open_clip.get_model_config(ARCHITECTURE)
        tower = _build_vision_tower(config["embed_dim"], CLIPVisionCfg(**config["vision_cfg"]), quick_gelu=True)
        tower.load_state_dict(load_file(self._weights.derived(*DERIVED)), strict=True)
        return tower

    def encode(self, frames: np.ndarray) -> np.ndarray:
        """Encode uint8 RGB (n, height, width, 3) to unit float32 (n, 512)."""
        if not len(frames):
            return np.zeros((0, self.dim), np.float32)
        return unit_rows(np.concatenate(self._run(self._encode, frames)))

    def _encode(self, frames: np.ndarray) -> np.ndarray:
        tower = self.handle
        return tower(preprocess(frames).to(self.device, self.dtype)).float().cpu().numpy()
