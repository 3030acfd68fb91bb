"""Which modality earns it: the hybrid fitted again without each, and with each alone.

Switching a modality off in a fitted model would leave what the fit learned through it; here it is taken out of the
corpus, so that calibration, kernels and the crowd's matrix are made without it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from avrec.evaluate.intervals import bootstrap, holm, permutation
from avrec.evaluate.leaderboard import estimate
from avrec.evaluate.protocols import Split
from avrec.evaluate.results import AblationRow
from avrec.evaluate.run import per_person, run_split
from avrec.recommend.content import ContentModel
from avrec.recommend.hybrid_settings import HybridSettings
from avrec.recommend.linear import LinearRecommender
from avrec.schemas import CONTENT_MODALITIES, MODALITIES, Corpus


@dataclass(frozen=True)
class Setting:
    """How the hybrid is made and measured, the same for every ablation."""

    splits: list[Split]
    people: np.ndarray
    k: int
    metric: str
    ties: np.ndarray
    settings: HybridSettings | None = None


def present(content: ContentModel) -> list[str]:
    """Modalities that the dataset has, in the fixed order; crowd and prior it always has."""
    return [m for m in MODALITIES if m not in CONTENT_MODALITIES or content.present[MODALITIES.index(m)].any()]


def corpus_of(corpus: Corpus, modalities: list[str]) -> Corpus:
    """The corpus with these content modalities alone; `words` are its documents."""
    documents = corpus.documents if "words" in modalities else ("",) * len(corpus.clip_ids)
    vectors = {name: source for name, source in corpus.vectors.items() if name in modalities}
    return replace(corpus, documents=documents, vectors=vectors)


def measure(setting: Setting, modalities: list[str]) -> np.ndarray:
    """(people,) the metric of the hybrid fitted with these modalities alone.

    A single content modality is ranked by its likeness, even where the hybrid's content part has no weight.
    """
    alone = len(modalities) == 1 and modalities[0] in CONTENT_MODALITIES
    settings = HybridSettings() if alone else setting.settings
    corpus = corpus_of(setting.splits[0].train.corpus, modalities)
    content, outcomes = ContentModel(corpus), []
    for split in setting.splits:
        train = replace(split.train, corpus=corpus)
        model = LinearRecommender("hybrid", "Hybrid", modalities, settings).fit(train, content)
        outcomes.append(run_split(model, replace(split, train=train), setting.k, setting.ties))
    return per_person(outcomes, setting.people)[setting.metric]


def ablate(
    setting: Setting, content: ContentModel, full: np.ndarray, progress: Callable[[float], None]
) -> list[AblationRow]:
    """Alone and without, for each modality that the dataset has.

    Args:
        full: (people,) the metric with all of them.
        progress: Called with the share done.
    """
    names = present(content)
    alone, without = [], []
    for i, name in enumerate(names):
        progress(i / len(names))
        alone.append(measure(setting, [name]))
        without.append(measure(setting, [other for other in names if other != name]))
    alone_table, change = np.stack(alone, axis=1), np.stack(without, axis=1) - full[:, None]
    bounds, changes = bootstrap(alone_table), bootstrap(change)
    p = permutation(change)
    corrected = holm(p)
    n = len(full)
    return [
        AblationRow(
            name,
            estimate(float(np.nanmean(alone_table[:, i])), bounds[0][i], bounds[1][i], n),
            float(np.nanmean(without[i])),
            estimate(float(np.nanmean(change[:, i])), changes[0][i], changes[1][i], n),
            float(np.mean(change[:, i] < -1e-9)),
            float(p[i]),
            float(corrected[i]),
        )
        for i, name in enumerate(names)
    ]
