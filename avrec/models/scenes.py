"""Scenes: Places365 (Zhou et al. 2018), a ResNet-18 without max-pooling over 365 kinds of places."""

from typing import Any

import numpy as np

from avrec.models.clip_image import preprocess
from avrec.models.torch_model import TorchModel
from avrec.models.weights import Weights
from avrec.schemas import ModelCard

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class PlacesClassifier(TorchModel):
    """Frames to probabilities over 365 scenes."""

    def __init__(self, weights: Weights, device: str = "cpu", dtype: str = "float32", batch: int = 8):
        card = ModelCard(
            task="scenes",
            name="Places365 (WideResNet-18)",
            version="places365-f00745d5",
            source="package carrier",
            licence="unconfirmed (carrier: MIT)",
            device=device,
            dtype=dtype,
            memory_bytes=46_000_000,
        )
        super().__init__(card, batch)
        self._weights = weights
        self._labels: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        if not self._labels:
            lines = self._weights.path("places365-names").read_text(encoding="utf-8").splitlines()
            self._labels = tuple(scene_label(line.split()[0]) for line in lines)
        return self._labels

    def outdoor(self, probabilities: np.ndarray) -> np.ndarray:
        """Probability of being outdoors, (n,): the share of (n, 365) scene probabilities on outdoor places."""
        lines = self._weights.path("places365-indoor-outdoor").read_text(encoding="utf-8").splitlines()
        return probabilities @ np.array([line.split()[1] == "2" for line in lines], np.float32)

    def _open(self) -> Any:
        import torch
        from torchvision.models import resnet18

        network = resnet18(num_classes=365)
        network.maxpool = torch.nn.Identity()
        state = self._weights.load_pickled("places365-wideresnet18")["state_dict"]
        network.load_state_dict({k.removeprefix("module."): v for k, v in state.items()})
        return network

    def classify(self, frames: np.ndarray) -> np.ndarray:
        """Classify uint8 RGB (n, height, width, 3) to probabilities, float32 (n, 365)."""
        if not len(frames):
            return np.zeros((0, len(self.labels)), np.float32)
        return np.concatenate(self._run(self._classify, frames))

    def _classify(self, frames: np.ndarray) -> np.ndarray:
        pixels = preprocess(frames, 224, IMAGENET_MEAN, IMAGENET_STD).to(self.device, self.dtype)
        return self.handle(pixels).float().softmax(dim=1).cpu().numpy()


def scene_label(path: str) -> str:
    """Make "/b/bow_window/indoor" read "bow window, indoor"."""
    return ", ".join(part.replace("_", " ") for part in path.strip("/").split("/")[1:])
