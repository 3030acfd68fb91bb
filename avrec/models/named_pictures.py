"""The named-picture map: from CLIP's picture space to sentence space, learned from drawings whose names are known.

It lets words find pictures in many languages without a CLIP text tower, and it is not one. numpy only; fitted by
`scripts/build_named_pictures.py`.
"""

import hashlib
from pathlib import Path

import numpy as np

from avrec.models.base import LazyModel
from avrec.models.picture_map_fit import PictureMapFit, unit
from avrec.models.sentences import UNIVERSAL_VERSION as SENTENCES_VERSION
from avrec.schemas import ModelCard

ARRAYS = Path(__file__).with_name("named_pictures.npz")
TAG_COSINE = 0.5


class NamedPictureMap(LazyModel):
    """Pictures and texts in one space.

    Args:
        image_version: Version of the CLIP vectors that it is fed; part of its own.
    """

    dim = 512
    sentences_version = SENTENCES_VERSION  # the sentence space that it was fitted on

    def __init__(self, image_version: str, path: Path = ARRAYS):
        super().__init__()
        self._path, self.image_version = path, image_version
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8] if path.exists() else "missing"
        self.card = ModelCard(
            task="picture_map",
            name="named-picture map",
            version=f"named-pictures-{digest}+{image_version}",
            source="shipped",
            licence="MIT; drawings OFL-1.1, MIT and public domain",
            memory_bytes=4_000_000,
            stands_in_for="CLIP's text tower and a captioning model's sentences",
        )

    def _load(self) -> tuple[PictureMapFit, list[str], np.ndarray]:
        with np.load(self._path, allow_pickle=False) as file:
            fit = PictureMapFit(*(file[name].astype(np.float64) for name in ("mu", "W", "q0", "M")))
            vectors = unit(file["word_vectors"].astype(np.float64))
            return fit, file["words"].tolist(), vectors

    def pictures(self, clip_vectors: np.ndarray) -> np.ndarray:
        """Map unit CLIP vectors (n, 512) into the map's space, unit rows."""
        return self.handle[0].pictures(np.asarray(clip_vectors, np.float64))

    def caption_vectors(self, clip_vectors: np.ndarray) -> np.ndarray:
        """The pictures' vectors in sentence space, (n, 512) unit float32: the `caption` modality."""
        fit = self.handle[0]
        return unit(fit.pictures(np.asarray(clip_vectors, np.float64)) @ fit.M.T).astype(np.float32)

    def texts(self, sentence_vectors: np.ndarray) -> np.ndarray:
        """Map sentence vectors (n, 512) into the map's space, unit rows."""
        return self.handle[0].texts(np.asarray(sentence_vectors, np.float64))

    def caption_texts(self, sentence_vectors: np.ndarray) -> np.ndarray:
        """Sentence vectors as `caption_vectors` has pictures, (n, 512) unit float32: what a text would look like.

        A picture is mapped to unit(y M'), with y near the unit q = (t - q0) M of its name; so a text is unit(q M').
        """
        fit = self.handle[0]
        return unit(fit.texts(np.asarray(sentence_vectors, np.float64)) @ fit.M.T).astype(np.float32)

    def score(self, sentence_vector: np.ndarray, clip_vectors: np.ndarray) -> np.ndarray:
        """How well each picture fits a text: cosines, (n,)."""
        return self.pictures(clip_vectors) @ self.texts(sentence_vector[None])[0]

    def tags(self, clip_vectors: np.ndarray, k: int = 3) -> list[list[tuple[str, float]]]:
        """The nearest names above cosine .50, most alike first; about two in three are right."""
        _, words, vectors = self.handle
        y = self.pictures(clip_vectors)
        found = []
        for row in y @ vectors.T:
            best = np.argsort(-row)[:k]
            found.append([(words[i], float(row[i])) for i in best if row[i] >= TAG_COSINE])
        return found
