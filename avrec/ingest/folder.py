"""A job's folder: what each finished stage left behind, so that a killed job goes on where it was.

A stage is done when its `.json` is there; the arrays beside it are written first.
"""

import io
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from avrec.store.files import read_json, write_bytes, write_json

MEDIA = "media"


class StageFolder:
    """Outputs of the stages of one job, below `path`."""

    def __init__(self, path: Path):
        self.path = path

    @property
    def media(self) -> Path:
        return self.path / MEDIA

    def done(self, stage: str) -> bool:
        return (self.path / f"{stage}.json").exists()

    def save(self, stage: str, record: Any, arrays: dict[str, np.ndarray] | None = None) -> None:
        if arrays:
            buffer = io.BytesIO()
            np.savez(buffer, **arrays)
            write_bytes(self.path / f"{stage}.npz", buffer.getvalue())
        write_json(self.path / f"{stage}.json", record)

    def record(self, stage: str) -> Any:
        return read_json(self.path / f"{stage}.json")

    def arrays(self, stage: str) -> dict[str, np.ndarray]:
        path = self.path / f"{stage}.npz"
        if not path.exists():
            return {}
        with np.load(path, allow_pickle=False) as file:
            return dict(file)

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
