"""Whisper's CTranslate2 file -> fp32 safetensors in openai-whisper's names, so that both backends run one model."""

import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np

DTYPES = (np.float32, np.int8, np.int16, np.int32, np.float16)


def convert(source: Path, target: Path) -> None:
    """Convert `model.bin` (binary format 6) to a safetensors state dict of `whisper.model.Whisper`."""
    from safetensors.numpy import save_file

    with source.open("rb") as file:
        tensors = read_ctranslate2(file)
    state = {k: np.ascontiguousarray(v, dtype=np.float16) for k, v in rename(tensors).items()}
    save_file(state, str(target))


def read_ctranslate2(file: BinaryIO) -> dict[str, np.ndarray]:
    """Read every variable of a CTranslate2 model file: name -> array."""

    def number(code: str) -> int:
        return struct.unpack(f"<{code}", file.read(struct.calcsize(f"<{code}")))[0]

    def text() -> str:
        return file.read(number("H"))[:-1].decode()

    number("I"), text(), number("I")
    tensors = {}
    for _ in range(number("I")):
        name = text()
        shape = [number("I") for _ in range(number("B"))]
        dtype = DTYPES[number("B")]
        tensors[name] = np.frombuffer(file.read(number("I")), dtype=dtype).reshape(shape)
    return tensors


def rename(tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Give CTranslate2's variables openai-whisper's names; fused projections are split."""
    state = {
        "encoder.positional_embedding": tensors["encoder/position_encodings/encodings"],
        "decoder.positional_embedding": tensors["decoder/position_encodings/encodings"],
        "decoder.token_embedding.weight": tensors["decoder/embeddings/weight"],
    }
    for conv in ("conv1", "conv2"):
        for part in ("weight", "bias"):
            state[f"encoder.{conv}.{part}"] = tensors[f"encoder/{conv}/{part}"]
    state |= _norm(tensors, "encoder/layer_norm", "encoder.ln_post")
    state |= _norm(tensors, "decoder/layer_norm", "decoder.ln")
    for side in ("encoder", "decoder"):
        layers = {int(k.split("/")[1].removeprefix("layer_")) for k in tensors if k.startswith(f"{side}/layer_") and
                  k.split("/")[1].removeprefix("layer_").isdigit()}  # fmt: skip
        for i in layers:
            theirs, ours = f"{side}/layer_{i}", f"{side}.blocks.{i}"
            state |= _attention(tensors, f"{theirs}/self_attention", f"{ours}.attn")
            if side == "decoder":
                state |= _attention(tensors, f"{theirs}/attention", f"{ours}.cross_attn")
            state |= _norm(tensors, f"{theirs}/ffn/layer_norm", f"{ours}.mlp_ln")
            for a, b in ((0, 0), (1, 2)):
                for part in ("weight", "bias"):
                    state[f"{ours}.mlp.{b}.{part}"] = tensors[f"{theirs}/ffn/linear_{a}/{part}"]
    return state


def _norm(tensors: dict[str, np.ndarray], theirs: str, ours: str) -> dict[str, np.ndarray]:
    return {f"{ours}.weight": tensors[f"{theirs}/gamma"], f"{ours}.bias": tensors[f"{theirs}/beta"]}


def _attention(tensors: dict[str, np.ndarray], theirs: str, ours: str) -> dict[str, np.ndarray]:
    """Self-attention fuses query, key and value; cross-attention fuses key and value. Whisper's key has no bias."""
    linear = [i for i in range(3) if f"{theirs}/linear_{i}/weight" in tensors]
    fused = {p: np.concatenate([tensors[f"{theirs}/linear_{i}/{p}"] for i in linear[:-1]]) for p in ("weight", "bias")}
    out = {f"{ours}.out.{p}": tensors[f"{theirs}/linear_{linear[-1]}/{p}"] for p in ("weight", "bias")}
    for p, joined in fused.items():
        for name, piece in zip(("query", "key", "value"), np.split(joined, 3), strict=True):
            if (name, p) != ("key", "bias"):
                out[f"{ours}.{name}.{p}"] = piece
    return out | _norm(tensors, f"{theirs}/layer_norm", f"{ours}_ln")
