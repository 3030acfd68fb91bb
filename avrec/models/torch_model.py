"""What all torch models share: where they run, in which precision, in batches that survive full memory.

The card always says where the model runs now: after running out of GPU memory at batch size 1 that is the CPU.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from avrec.models.base import LazyModel
from avrec.models.torchvision_fix import prepare_torchvision
from avrec.schemas import ModelCard


class TorchModel(LazyModel):
    """A lazily loaded network; `_open` makes it, alone or as the first of a tuple with its tokenizer."""

    def __init__(self, card: ModelCard, batch: int):
        super().__init__()
        self.card, self._batch = card, batch

    @property
    def device(self) -> str:
        return self.card.device

    @property
    def dtype(self) -> Any:
        import torch

        return getattr(torch, self.card.dtype)

    def _open(self) -> Any:
        raise TypeError(f"{type(self).__name__} has no _open")

    def _load(self) -> Any:
        prepare_torchvision()
        opened = self._open()
        network, *rest = opened if isinstance(opened, tuple) else (opened,)
        network = network.eval().to(self.device, self.dtype)
        return (network, *rest) if rest else network

    def _run(self, function: Callable[[Any], Any], items: Sequence[Any] | np.ndarray) -> list[Any]:
        """Apply `function` batch by batch, one caller at a time, without gradients."""
        import torch

        with self.predict_lock:
            _ = self.handle  # loaded before, so that its weights are no inference tensors
            with torch.inference_mode():
                return self._batched(function, items, self._batch)
