"""Models that people bring along: a folder each below `AVREC_MODELS`, laid out as hubs lay them out.

Only safetensors are opened: a pickle in such a folder is on nobody's hash list. Code in it is not run. A folder that
lacks weights is refused, because transformers fills what is missing with random numbers and goes on.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avrec.errors import AvrecError, WeightsUnavailableError
from avrec.models.memory import is_out_of_memory
from avrec.schemas import ModelCard
from avrec.store.files import hash_file, read_json, write_json

VERSIONED = {".safetensors", ".json", ".txt", ".model"}
UNUSED = ("pooler.",)  # vectors are means over the last layer's states; many encoders are published without a pooler


@dataclass(frozen=True)
class LocalFolder:
    """A model folder.

    Attributes:
        memory: File with the hashes of folders that have not changed since they were hashed.
    """

    path: Path
    memory: Path

    @property
    def name(self) -> str:
        return f"{self.path.name}/ in the model folder"

    def card(self, task: str, kind: str, how: str, device: str, dtype: str) -> ModelCard:
        """The card of a model that uses the folder; its version names the weights and `how` they are used."""
        size = sum(file.stat().st_size for file in self.path.rglob("*.safetensors"))
        version = f"{self.path.name}-{self._hash()[:12]}-{how}"
        title = f"{kind} from {self.path.name}"
        return ModelCard(task, title, version, "local folder", "see the folder", device, dtype, memory_bytes=size)

    def _hash(self) -> str:
        files = sorted(f for f in self.path.rglob("*") if f.suffix in VERSIONED and f.is_file())
        listing = "|".join(f"{f}:{f.stat().st_size}:{f.stat().st_mtime_ns}" for f in files)
        key = hashlib.sha256(listing.encode()).hexdigest()
        try:
            remembered = read_json(self.memory)
        except (OSError, ValueError):
            remembered = {}
        if key not in remembered:
            parts = "|".join(f"{f.relative_to(self.path)}:{hash_file(f)}" for f in files)
            remembered[key] = hashlib.sha256(parts.encode()).hexdigest()
            write_json(self.memory, remembered)
        return remembered[key]

    def config(self, file: str = "config.json") -> dict[str, Any]:
        """A configuration of the folder.

        Raises:
            WeightsUnavailableError: It is not there or not JSON.
        """
        with self.opening():
            return json.loads((self.path / file).read_text(encoding="utf-8"))

    def safetensors(self) -> Path:
        """The weights of a model in one file.

        Raises:
            WeightsUnavailableError: There is none.
        """
        found = sorted(self.path.glob("*.safetensors"))
        if not found:
            raise WeightsUnavailableError(self.name, "The folder must hold its weights as safetensors.")
        return found[0]

    @contextmanager
    def opening(self) -> Iterator[None]:
        """Turn whatever a library raises over a folder's content into one sentence."""
        try:
            yield
        except AvrecError:
            raise
        except Exception as error:
            if is_out_of_memory(error):
                raise
            advice = "The folder must hold config, tokenizer and safetensors as the model's makers published them."
            raise WeightsUnavailableError(self.name, advice) from error


def open_transformer(kind: Any, folder: Path, dtype: Any) -> Any:
    """Load a transformers network from a folder; nothing is downloaded, and no code of the folder runs.

    Args:
        kind: A transformers model class.

    Raises:
        WeightsUnavailableError: Weights that the network needs are not in the folder.
    """
    from transformers.utils import logging

    # What is missing is checked below; tables and bars of it would only fill the log of the server.
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    network, report = kind.from_pretrained(
        str(folder),
        dtype=dtype,
        use_safetensors=True,
        local_files_only=True,
        output_loading_info=True,
        trust_remote_code=False,
    )
    missing = sorted(name for name in report["missing_keys"] if not name.startswith(UNUSED))
    if missing:
        advice = f"{len(missing)} of its tensors are missing, {missing[0]} among them; copy the whole model again."
        raise WeightsUnavailableError(f"{folder.name}/ in the model folder", advice)
    return network
