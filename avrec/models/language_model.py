"""Document vectors from a causal language model: the mean of the last layer's states without the first token.

The first token's state is an attention sink and alike for all texts; leaving it out gained .04 R-precision on the
demo library's "more like this".
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from avrec.models.clip_image import unit_rows
from avrec.models.local_folder import LocalFolder, open_transformer
from avrec.models.torch_model import TorchModel
from avrec.schemas import ModelCard

MAX_TOKENS = 512
POOLING = "mean-last-without-first"


class LanguageModelEncoder(TorchModel):
    """Texts to vectors through a transformers causal LM (safetensors).

    Args:
        folder: Gives the folder when first used, so that missing weights are reported then.
        dim: Length of the vectors.
    """

    def __init__(self, folder: Callable[[], Path], card: ModelCard, dim: int = 896, batch: int = 4):
        super().__init__(card, batch)
        self._folder, self.dim = folder, dim

    def _open(self) -> Any:
        from transformers import AutoModel, AutoTokenizer

        folder = self._folder()
        network = open_transformer(AutoModel, folder, self.dtype)
        tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token
        tokenizer.padding_side = "right"
        return network, tokenizer

    def encode(self, texts: list[str]) -> np.ndarray:
        """Encode to unit float32 (len(texts), dim); texts are cut after 512 tokens, an empty text gives zeros."""
        filled = [i for i, text in enumerate(texts) if text.strip()]
        out = np.zeros((len(texts), self.dim), np.float32)
        if filled:
            out[filled] = unit_rows(np.concatenate(self._run(self._encode, [texts[i] for i in filled])))
        return out

    def _encode(self, texts: list[str]) -> np.ndarray:
        network, tokenizer = self.handle
        tokens = tokenizer(list(texts), padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt")
        tokens = tokens.to(self.device)
        states = network(**tokens).last_hidden_state.float()
        mask = tokens["attention_mask"].clone()
        mask[:, 0] = (mask.sum(dim=1) == 1).long()  # a text of one token has nothing else
        weighted = states * mask.unsqueeze(-1)
        return (weighted.sum(dim=1) / mask.sum(dim=1, keepdim=True)).cpu().numpy()


class LocalLanguageModelEncoder(LanguageModelEncoder):
    """The same from a local folder."""

    def __init__(self, folder: LocalFolder, device: str = "cpu", dtype: str = "float32", batch: int = 4):
        card = folder.card("documents", "Language model (transformers)", f"{POOLING}-{MAX_TOKENS}", device, dtype)
        super().__init__(lambda: folder.path, card, int(folder.config().get("hidden_size", 0)), batch)
        self._local = folder

    def _open(self) -> Any:
        with self._local.opening():
            return super()._open()
