"""Objects: MobileNetV2 over the 1,000 ImageNet classes, through onnxruntime."""

from typing import Any

import numpy as np

from avrec.models.base import LazyModel
from avrec.models.clip_image import preprocess
from avrec.models.scenes import IMAGENET_MEAN, IMAGENET_STD
from avrec.models.torchvision_fix import prepare_torchvision
from avrec.models.weights import Weights
from avrec.schemas import ModelCard


class ObjectClassifier(LazyModel):
    """Frames to probabilities over ImageNet's classes; it names the main object, it does not locate it."""

    def __init__(self, weights: Weights, threads: int = 1, batch: int = 8):
        super().__init__()
        self._weights, self._threads, self._batch = weights, threads, batch
        self._labels: tuple[str, ...] = ()
        self.card = ModelCard(
            task="objects",
            name="MobileNetV2 (ImageNet)",
            version="mobilenetv2-0e7c0aa4",
            source="package carrier",
            licence="unconfirmed (carrier: MIT)",
            memory_bytes=14_000_000,
        )

    @property
    def labels(self) -> tuple[str, ...]:
        if not self._labels:
            prepare_torchvision()
            from open_clip.zero_shot_metadata import IMAGENET_CLASSNAMES

            self._labels = tuple(IMAGENET_CLASSNAMES)
        return self._labels

    def _load(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = self._threads
        path = str(self._weights.path("mobilenet-v2"))
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def classify(self, frames: np.ndarray) -> np.ndarray:
        if not len(frames):
            return np.zeros((0, len(self.labels)), np.float32)
        with self.predict_lock:
            return np.concatenate(self._batched(self._classify, frames, self._batch))

    def _classify(self, frames: np.ndarray) -> np.ndarray:
        pixels = preprocess(frames, 224, IMAGENET_MEAN, IMAGENET_STD).numpy()
        session = self.handle
        logits = session.run(None, {session.get_inputs()[0].name: pixels})[0].astype(np.float64)
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)
