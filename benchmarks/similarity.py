"""Quality of "more like this" on the demo library, by a subject that no vector has seen."""

from dataclasses import replace

import numpy as np

from avrec.config import Settings
from avrec.engine import Engine
from avrec.evaluate.similarity import Quality, quality, random_quality
from avrec.ingest.document import compose_document
from avrec.recommend.content import ContentModel
from avrec.recommend.presets import FITTED
from avrec.schemas import CONTENT_MODALITIES, Corpus
from benchmarks.table import show


def run(settings: Settings) -> None:
    engine = Engine(settings)
    engine.open_demo()
    engine.wait([job.job_id for job in engine.jobs(1000) if job.state in ("queued", "running")])
    corpus = engine._clips.corpus()
    subjects = {clip.clip_id: clip.subject for clip in engine.clips()}
    labels = [subjects[clip_id] for clip_id in corpus.clip_ids]
    columns = ["likeness by", "nDCG with titles", "95 %", "R-precision", "nDCG without titles", "95 %", "R-precision"]
    rows = [[name, *_cells(a), *_cells(b)] for (name, a), (_, b) in
            zip(_measure(corpus, labels), _measure(_without_titles(engine, corpus), labels), strict=True)]  # fmt: skip
    show(columns, rows)
    chance = random_quality(labels)
    print(f"\nrandom ranking: nDCG {chance.ndcg:.3f}, R-precision {chance.r_precision:.3f}; {chance.queries} queries")
    engine.close()


def _measure(corpus: Corpus, labels: list[str]) -> list[tuple[str, Quality]]:
    model = ContentModel(corpus)
    everything = np.arange(len(labels))
    lines, norms = model.block(everything), model.norms(everything)
    alpha = np.array([FITTED[m] for m in CONTENT_MODALITIES])
    z = np.divide(lines / alpha[:, None, None], norms, out=np.zeros_like(lines), where=norms > 0)
    found = [("**fused**", quality(model.likeness(everything, FITTED), labels))]
    found.append(("equal weights, summed z", quality(z.sum(axis=0), labels)))
    return found + [(m, quality(lines[i], labels)) for i, m in enumerate(CONTENT_MODALITIES)]


def _without_titles(engine: Engine, corpus: Corpus) -> Corpus:
    """The same library had no clip had a title: document vectors and words are made again."""
    documents = []
    for clip_id in corpus.clip_ids:
        lines = [a.label for a in engine.transcript(clip_id)]
        documents.append(compose_document("", "", (), (), lines))
    spoken = np.array([bool(text) for text in documents])
    meaning = corpus.vectors["meaning"]
    rows = engine._models.documents.encode([text for text in documents if text])
    keep = np.flatnonzero(spoken)
    vectors = dict(corpus.vectors)
    vectors["meaning"] = replace(
        meaning, clip=keep.astype(np.int64), start=np.zeros(len(keep)), end=corpus.durations[keep], matrix=rows
    )
    return replace(corpus, documents=tuple(documents), titles=("",) * len(documents), vectors=vectors)


def _cells(found: Quality) -> list[str]:
    return [f"{found.ndcg:.3f}", f"{found.ndcg_low:.2f}–{found.ndcg_high:.2f}", f"{found.r_precision:.2f}"]
