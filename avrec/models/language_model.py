"""Document vectors from a causal language model: the mean of the last layer's states without the first token.

The first token's state is an attention sink and alike for all texts; leaving it out gained .04 R-precision on the
demo library's "more like this".
"""

from pathlib import Path
from typing import Any

import numpy as np

from avrec.models.base import LazyModel
from avrec.models.clip_image import unit_rows
from avrec.models.devices import run_batched
from avrec.models.torchvision_fix import prepare_torchvision
from avrec.schemas import ModelCard

MAX_TOKENS = 512


class LanguageModelEncoder(LazyModel):
    """Texts to vectors through any transformers causal LM in a local folder (safetensors).

    Args:
        folder: Takes the folder when first used, so that missing weights are reported then.
        dim: Length of the vectors, for empty input before the model is loaded.
    """

    def __init__(self, folder: Any, card: ModelCard, dim: int = 896, batch: int = 4):
        super().__init__()
        self._folder, self.card, self._dim, self._batch = folder, card, dim, batch
        self.device, self.dtype = card.device, card.dtype

    def _load(self) -> Any:
        prepare_torchvision()
        import torch
        from transformers import AutoModel, AutoTokenizer

        folder = self._folder() if callable(self._folder) else self._folder
        model = AutoModel.from_pretrained(
            str(folder), dtype=getattr(torch, self.dtype), use_safetensors=True, local_files_only=Path(folder).exists()
        )
        tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=Path(folder).exists())
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token
        tokenizer.padding_side = "right"
        return model.eval().to(self.device), tokenizer

    def encode(self, texts: list[str]) -> np.ndarray:
        """Encode; texts are cut after 512 tokens, and an empty text gives zeros."""
        filled = [i for i, text in enumerate(texts) if text.strip()]
        with self.predict_lock:
            rows = run_batched(self._encode, [texts[i] for i in filled], self._batch, self._to_cpu) if filled else []
        vectors = np.concatenate(rows) if rows else np.zeros((0, self._dim), np.float32)
        out = np.zeros((len(texts), vectors.shape[1]), np.float32)
        out[filled] = unit_rows(vectors)
        return out

    def _to_cpu(self) -> None:
        self.device, self.dtype = "cpu", "float32"
        self.handle[0].to("cpu").float()

    def _encode(self, texts: list[str]) -> np.ndarray:
        import torch

        model, tokenizer = self.handle
        tokens = tokenizer(list(texts), padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt")
        tokens = tokens.to(self.device)
        with torch.inference_mode():
            states = model(**tokens).last_hidden_state.float()
        mask = tokens["attention_mask"].clone()
        mask[:, 0] = (mask.sum(dim=1) == 1).long()  # a text of one token has nothing else
        weighted = states * mask.unsqueeze(-1)
        return (weighted.sum(dim=1) / mask.sum(dim=1, keepdim=True)).cpu().numpy()
