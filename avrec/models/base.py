"""Protocols of the models, one per task, and the wrapper that all of them share.

Arrays in and out are numpy; torch, onnxruntime and the rest are imported only inside `_load`, so importing this
package costs nothing. A protocol exists where there are at least two implementations.
"""

import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol, runtime_checkable

import numpy as np

from avrec.errors import ModelOutputError, NotEnoughMemoryError
from avrec.models.devices import run_batched
from avrec.models.memory import give_back, is_out_of_memory
from avrec.schemas import ModelCard, Transcript

# One model loads at a time: the libraries behind them import each other, and two threads in the middle of such imports
# see modules that are only half there.
LOADING = threading.RLock()


class LazyModel:
    """A model that loads on first use, under a lock, and can be unloaded when idle.

    Subclasses set `card` (not yet loaded) and implement `_load`, which returns whatever `self.handle` should be.
    One lock around load and one around predict: callers may be any thread. `threads` is how many torch may use on the
    CPU, or None to leave that alone; it is a setting of the whole process, and of models the last loaded decides.
    `make_room` unloads other models; the catalogue sets it.
    """

    card: ModelCard
    threads: int | None = None
    make_room: Callable[[], object] | None = None

    def __init__(self) -> None:
        self._handle: Any = None
        self._load_lock = threading.Lock()
        self.predict_lock = threading.RLock()
        self.last_used = 0.0

    def _load(self) -> Any:
        raise TypeError(f"{type(self).__name__} has no _load")

    @property
    def loaded(self) -> bool:
        return self._handle is not None

    @property
    def handle(self) -> Any:
        """The loaded model; loads it when needed."""
        while True:
            with self._load_lock:
                if self._handle is not None:
                    self.last_used = time.monotonic()
                    return self._handle
            with LOADING, self._load_lock:
                if self._handle is None:
                    self._handle = self._surviving(self._load)
                    self._limit_threads()

    def _limit_threads(self) -> None:
        if self.threads and "torch" in sys.modules:
            import torch

            torch.set_num_threads(self.threads)

    def unload(self) -> None:
        with self.predict_lock, self._load_lock:
            self._handle = None
        give_back()

    def try_unload(self) -> bool:
        """Unload unless it is being loaded or at work in another thread, which is not waited for."""
        if not self.predict_lock.acquire(blocking=False):
            return False
        try:
            if not self._load_lock.acquire(blocking=False):
                return False
            try:
                unloaded, self._handle = self._handle is not None, None
            finally:
                self._load_lock.release()
        finally:
            self.predict_lock.release()
        return unloaded

    def _batched(self, function: Callable[[Any], Any], items: Sequence[Any] | np.ndarray, batch: int) -> list[Any]:
        """Apply `function` batch by batch; see `run_batched` for what happens when memory runs out.

        Raises:
            NotEnoughMemoryError: There is not enough for a single item.
        """
        to_cpu = self._leave_gpu if self.card.device == "cuda" else None
        try:
            return run_batched(function, items, batch, to_cpu, self.make_room)
        except Exception as error:
            if is_out_of_memory(error):
                raise NotEnoughMemoryError(self.card.name) from error
            raise

    def _surviving(self, function: Callable[[], Any]) -> Any:
        """Call `function`; the same for what has no batches.

        Raises:
            NotEnoughMemoryError: There is not enough.
        """
        return self._batched(lambda _: function(), (None,), 1)[0]

    def _leave_gpu(self) -> None:
        """Run on the CPU from now on, in full precision."""
        self.card = replace(self.card, device="cpu", dtype="float32")
        if self._handle is not None:
            network = self._handle[0] if isinstance(self._handle, tuple) else self._handle
            network.to("cpu").float()


def finite(rows: np.ndarray, card: ModelCard) -> np.ndarray:
    """What a model gave, unchanged.

    Raises:
        ModelOutputError: It holds NaN or infinities, as damaged weights give.
    """
    if not np.isfinite(rows).all():
        raise ModelOutputError(card.name)
    return rows


@runtime_checkable
class Transcriber(Protocol):
    """Speech to text, guarded: silence, noise, music and beeps give a transcript without lines."""

    card: ModelCard

    def transcribe(self, audio: np.ndarray, language: str | None = None) -> Transcript:
        """Transcribe float32 mono at 16 kHz, shape (samples,), in [-1, 1]."""
        ...


@runtime_checkable
class ImageEncoder(Protocol):
    """Pictures to unit vectors."""

    card: ModelCard

    def encode(self, frames: np.ndarray) -> np.ndarray:
        """Encode uint8 RGB frames (n, height, width, 3) to float32 (n, dim), rows of length 1."""
        ...


@runtime_checkable
class FrameClassifier(Protocol):
    """Pictures to probabilities over named classes."""

    card: ModelCard

    @property
    def labels(self) -> tuple[str, ...]: ...

    def classify(self, frames: np.ndarray) -> np.ndarray:
        """Classify uint8 RGB frames (n, height, width, 3) to float32 (n, len(labels)), rows sum to 1."""
        ...


@runtime_checkable
class TextEncoder(Protocol):
    """Texts to unit vectors: sentence vectors, LLM document vectors, or CLIP's text tower."""

    card: ModelCard

    def encode(self, texts: list[str]) -> np.ndarray:
        """Encode to float32 (len(texts), dim), rows of length 1 (zeros for an empty text)."""
        ...


@runtime_checkable
class Captioner(Protocol):
    """Pictures to sentences."""

    card: ModelCard

    def caption(self, frames: np.ndarray) -> list[str]:
        """Caption uint8 RGB frames (n, height, width, 3)."""
        ...


@runtime_checkable
class AudioEncoder(Protocol):
    """Sound to a sequence of states."""

    card: ModelCard

    def encode(self, audio: np.ndarray) -> tuple[np.ndarray, float]:
        """Encode float32 mono 16 kHz to (states (t, dim) float32, seconds per state)."""
        ...
