"""How a clip sounds: Whisper's encoder states, averaged per segment.

The states are made over the clip's own length: padding to 30 s, as transcription does, costs five times as much and
gives other vectors.
"""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from avrec.models.base import AudioEncoder, LazyModel
from avrec.models.torchvision_fix import prepare_torchvision
from avrec.models.weights import Weights
from avrec.schemas import ModelCard, Segment

RATE = 16_000
WINDOW_SECONDS = 30
PART_SECONDS = 300
SECONDS_PER_STATE = 0.02
SILENT_DB = -60.0


class WhisperAudioEncoder(LazyModel):
    """Whisper base's encoder in torch.

    In bf16 only those layers run in it that change the states least: over the demo clips' stretches of 4 s the mean
    states keep a cosine of .99997 to fp32's, so both are one version.
    """

    dim = 512

    def __init__(self, weights: Weights, device: str = "cpu", dtype: str = "float32"):
        super().__init__()
        self._weights = weights
        self.card = ModelCard(
            task="sound",
            name="Whisper base, encoder",
            version="whisper-base-d01c3014-encoder-own-length-mean",
            source="package carrier",
            licence="MIT",
            device=device,
            dtype=dtype,
            memory_bytes=82_000_000,
        )

    def _load(self) -> Any:
        prepare_torchvision()
        from safetensors import safe_open
        from whisper.model import AudioEncoder

        encoder = AudioEncoder(80, 1500, 512, 8, 6)
        path = self._weights.derived("whisper-base-torch.safetensors", "whisper-base")
        with safe_open(str(path), "pt") as file:
            names = [name for name in file.keys() if name.startswith("encoder.")]  # noqa: SIM118
            state = {name.removeprefix("encoder."): file.get_tensor(name).float() for name in names}
        encoder.load_state_dict(state, strict=True)
        if self.card.dtype == "bfloat16":
            for block in encoder.blocks:
                for layer in (block.mlp[0], block.mlp[2], block.attn.query, block.attn.key):
                    _run_in_bf16(layer)
        return encoder.eval().to(self.card.device)

    def encode(self, audio: np.ndarray) -> tuple[np.ndarray, float]:
        """Encode float32 mono 16 kHz to (states, 512), one state every 0.02 s; windows of 30 s."""
        window = WINDOW_SECONDS * RATE
        pieces = [audio[i : i + window] for i in range(0, len(audio), window)]
        pieces = [piece for piece in pieces if len(piece) >= RATE // 20] or [np.zeros(RATE // 10, np.float32)]
        with self.predict_lock:
            return np.concatenate([self._surviving(lambda p=p: self._encode(p)) for p in pieces]), SECONDS_PER_STATE

    def _encode(self, audio: np.ndarray) -> np.ndarray:
        import torch
        from torch.nn.functional import gelu
        from whisper.audio import log_mel_spectrogram

        encoder = self.handle
        with torch.inference_mode():
            mel = log_mel_spectrogram(torch.from_numpy(np.array(audio, np.float32)))[None].to(self.card.device)
            x = gelu(encoder.conv2(gelu(encoder.conv1(mel)))).permute(0, 2, 1)
            x = x[:, : encoder.positional_embedding.shape[0]]
            x = x + encoder.positional_embedding[: x.shape[1]]
            for block in encoder.blocks:
                x = block(x)
            return encoder.ln_post(x)[0].float().cpu().numpy()


def _run_in_bf16(layer: Any) -> None:
    """Keep the layer's weights in bf16; fp32 goes in and comes out."""
    import torch

    layer.to(torch.bfloat16)
    layer.register_forward_pre_hook(lambda _, inputs: (inputs[0].bfloat16(),))
    layer.register_forward_hook(lambda _layer, _inputs, output: output.float())


def encode_segments(encoder: AudioEncoder, audio: np.ndarray, segments: Sequence[Segment]) -> np.ndarray:
    """Encode a clip's sound and average the states per segment, some minutes at a time: hours must fit in memory.

    Parts begin and end where windows do, so that the states are those of the whole.

    Returns:
        (segments, dim) float32 rows of length 1, NaN where silent.
    """
    rows: list[np.ndarray] = []
    for _, part in itertools.groupby(segments, lambda segment: int(segment.start // PART_SECONDS)):
        inside = list(part)
        begin = int(inside[0].start // WINDOW_SECONDS) * WINDOW_SECONDS
        end = math.ceil(inside[-1].end / WINDOW_SECONDS) * WINDOW_SECONDS
        sound = np.asarray(audio[begin * RATE : end * RATE], dtype=np.float32)
        states, seconds_per_state = encoder.encode(sound)
        moved = [Segment(segment.start - begin, segment.end - begin) for segment in inside]
        rows.append(pool(states, seconds_per_state, moved, sound))
    return np.concatenate(rows)


def pool(states: np.ndarray, seconds_per_state: float, segments: Sequence[Segment], audio: np.ndarray) -> np.ndarray:
    """Average states per segment.

    Args:
        states: (t, dim).
        audio: The sound itself, 16 kHz; where a segment is under -60 dBFS it is silent and has no vector.

    Returns:
        (segments, dim) float32 rows of length 1, NaN where silent.
    """
    rows = np.full((len(segments), states.shape[1]), np.nan, dtype=np.float32)
    for i, segment in enumerate(segments):
        a, b = int(segment.start / seconds_per_state), int(np.ceil(segment.end / seconds_per_state))
        inside = states[a : max(b, a + 1)]
        sound = audio[int(segment.start * RATE) : int(segment.end * RATE)]
        if len(inside) and len(sound) and 10 * np.log10(float(np.mean(np.square(sound))) + 1e-12) > SILENT_DB:
            mean = inside.mean(axis=0)
            rows[i] = mean / np.linalg.norm(mean)
    return rows
