"""Scenes: Places365 (Zhou et al. 2018), a ResNet-18 without max-pooling over 365 kinds of places."""

from typing import Any

import numpy as np

from avrec.models.base import LazyModel
from avrec.models.clip_image import preprocess
from avrec.models.devices import run_batched
from avrec.models.torchvision_fix import prepare_torchvision
from avrec.models.weights import Weights
from avrec.schemas import ModelCard

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class PlacesClassifier(LazyModel):
    """Frames to probabilities over 365 scenes."""

    def __init__(self, weights: Weights, device: str = "cpu", dtype: str = "float32", batch: int = 8):
        super().__init__()
        self._weights, self._batch, self.device, self.dtype = weights, batch, device, dtype
        self._labels: tuple[str, ...] = ()
        self.card = ModelCard(
            task="scenes",
            name="Places365 (WideResNet-18)",
            version="places365-f00745d5",
            source="package carrier",
            licence="unconfirmed (carrier: MIT)",
            device=device,
            dtype=dtype,
            memory_bytes=46_000_000,
        )

    @property
    def labels(self) -> tuple[str, ...]:
        if not self._labels:
            lines = self._weights.path("places365-names").read_text(encoding="utf-8").splitlines()
            self._labels = tuple(scene_label(line.split()[0]) for line in lines)
        return self._labels

    def _load(self) -> Any:
        prepare_torchvision()
        import torch
        from torchvision.models import resnet18

        network = resnet18(num_classes=365)
        network.maxpool = torch.nn.Identity()
        state = self._weights.load_pickled("places365-wideresnet18")["state_dict"]
        network.load_state_dict({k.removeprefix("module."): v for k, v in state.items()})
        return network.eval().to(self.device, getattr(torch, self.dtype))

    def classify(self, frames: np.ndarray) -> np.ndarray:
        if not len(frames):
            return np.zeros((0, len(self.labels)), np.float32)
        with self.predict_lock:
            return np.concatenate(run_batched(self._classify, frames, self._batch, self._to_cpu))

    def _to_cpu(self) -> None:
        self.device, self.dtype = "cpu", "float32"
        self.handle.to("cpu").float()

    def _classify(self, frames: np.ndarray) -> np.ndarray:
        import torch

        network = self.handle
        with torch.inference_mode():
            pixels = preprocess(frames, 224, IMAGENET_MEAN, IMAGENET_STD).to(self.device, getattr(torch, self.dtype))
            return network(pixels).float().softmax(dim=1).cpu().numpy()


def scene_label(path: str) -> str:
    """Make "/b/bow_window/indoor" read "bow window, indoor"."""
    return ", ".join(part.replace("_", " ") for part in path.strip("/").split("/")[1:])
