import numpy as np
import pytest

from avrec.evaluate.metrics import accuracy, hits_of, top_lists
from avrec.evaluate.protocols import Protocol, splits
from avrec.evaluate.tune import tune
from avrec.recommend.dataset import Dataset
from avrec.recommend.linear import LinearRecommender
from avrec.schemas import Interaction
from tests.synthetic import START, make_corpus, make_dataset


def topical(users=60, clips=60, each=8, seed=0) -> Dataset:
    """People who like clips of one topic each; the topics are in the vectors."""
    corpus, rng = make_corpus(clips, seed, missing=0.0), np.random.default_rng(seed)
    events = []
    for u in range(users):
        own = np.flatnonzero(np.arange(clips) % 4 == u % 4)
        liked = rng.choice(own, each, replace=False)
        events += [Interaction(f"u{u:02d}", corpus.clip_ids[c], "like", None, START) for c in liked]
    return Dataset.build(corpus, [], events)


def test_the_tuned_value_is_what_the_hybrid_then_reaches():
    """What tuning weighs is what the recommender adds up."""
    data = topical()
    tuned = tune(data, seed=1, k=5)
    assert tuned.after >= tuned.before
    split = next(splits(data, Protocol(seed=1)))
    model = LinearRecommender(settings=tuned.settings).fit(split.train)
    scores = model.scores_of(split.people)
    away = (split.train.seen + split.train.hidden)[split.people].toarray() > 0
    # The search breaks ties in an order of its own, so only scores that differ are compared.
    lists = top_lists(scores, ~away, np.random.default_rng(0).permutation(data.clips), 5)
    targets = split.targets[split.people]
    values = accuracy(hits_of(lists, targets), targets.getnnz(axis=1))
    assert (values["ndcg"].mean() + values["recall"].mean()) / 2 == pytest.approx(tuned.after, abs=0.02)


def test_a_part_that_only_misleads_reaches_zero():
    """Content that is noise to the people gets no weight where the crowd knows everything."""
    corpus, rng = make_corpus(60, 3, missing=0.0), np.random.default_rng(3)
    groups = rng.permutation(60) % 3
    events = [
        Interaction(f"u{u:03d}", corpus.clip_ids[c], "like", None, START)
        for u in range(90)
        for c in rng.choice(np.flatnonzero(groups == u % 3), 12, replace=False)
    ]
    tuned = tune(Dataset.build(corpus, [], events), k=10)
    assert tuned.settings.content <= 0.2
    assert tuned.settings.cease > 0
    assert tuned.after > tuned.before


def test_the_same_seed_tunes_alike():
    data = topical(users=24, clips=24, each=4)
    first, second = tune(data, seed=2, k=5), tune(data, seed=2, k=5)
    assert first.settings == second.settings
    assert first.after == second.after


def test_too_few_people_keep_the_fixed_weights_and_say_so():
    tuned = tune(make_dataset(users=3))
    assert "too few" in tuned.settings.source
    assert tuned.tried == 0


def test_progress_can_end_the_search_and_a_budget_does():
    class StoppedError(Exception):
        pass

    def stop(share: float, sentence: str) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        tune(topical(), progress=stop)
    hurried = tune(topical(), budget_seconds=0.0)
    assert not hurried.complete
    assert hurried.after >= hurried.before
