"""Build `avrec/recommend/null.npz`: each modality's mean vector and the spread of random pairs' cosines.

Computed from the demo clips as a real ingest understands them. Run it again after a model or its pooling changed:
    AVREC_DATA=FOLDER python scripts/build_null.py      (FOLDER: a library that holds the 38 demo clips and no others)
"""

import numpy as np

from avrec.config import Settings
from avrec.recommend.calibration import SHIPPED, null_pairs
from avrec.recommend.content import ContentModel
from avrec.recommend.vectors import clip_means
from avrec.schemas import CONTENT_MODALITIES
from avrec.store.clips import ClipStore
from avrec.store.database import Database


def main() -> None:
    corpus = ClipStore(Database(Settings())).corpus()
    model = ContentModel(corpus, shipped={})
    a, b = null_pairs(len(corpus.clip_ids))
    arrays: dict[str, np.ndarray] = {}
    for i, modality in enumerate(CONTENT_MODALITIES):
        both = model.present[i, a] & model.present[i, b]
        if modality == "words":
            cosines = np.asarray(model.words.matrix[a].multiply(model.words.matrix[b]).sum(axis=1)).ravel()[both]
            version, mean = "tfidf", np.zeros(1)
        else:
            source = corpus.vectors[modality]
            means, present, _ = clip_means(source, len(corpus.clip_ids))
            units = model.vectors[modality].units
            cosines = np.einsum("ij,ij->i", units[a], units[b], dtype=np.float64)[both]
            version, mean = source.version, means[present].mean(axis=0)
        arrays |= {
            f"{modality}.version": np.array(version),
            f"{modality}.mean": mean.astype(np.float32),
            f"{modality}.mu": np.array(cosines.mean()),
            f"{modality}.sigma": np.array(cosines.std()),
            f"{modality}.correlation": model.correlation[i],
        }
        print(f"{modality:8} mu {cosines.mean():+.3f} sigma {cosines.std():.3f} pairs {len(cosines)}  {version}")
    np.savez_compressed(SHIPPED, **arrays)


if __name__ == "__main__":
    main()
