"""The promise of the product: what is shown adds up, exactly, whatever the weights and the history."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import make_dataset

from avrec.explain.ledger import direct_leaves
from avrec.recommend.options import PLAIN, ListOptions
from avrec.recommend.registry import ENTRIES, make
from avrec.schemas import MODALITIES

weights = st.fixed_dictionaries({m: st.floats(0, 4) for m in MODALITIES})


def fitted(name, dataset):
    return make(name).fit(dataset)


def checked(node):
    """Every inner node is the sum of its children; returns the sum of the leaves."""
    if not node.children:
        return node.value
    total = sum(checked(child) for child in node.children)
    assert total == pytest.approx(node.value, abs=1e-6)
    return total


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 50), weights=weights, missing=st.floats(0, 0.7), diversity=st.floats(0, 0.9))
def test_leaves_sum_to_the_shown_score(seed, weights, missing, diversity):
    dataset = make_dataset(seed=seed, missing=missing, n=16)
    for name in ENTRIES:
        model = fitted(name, dataset)
        for user in ("u0", "u1", "cold"):
            for place in model.recommend(user, 8, weights, ListOptions(diversity)).recommendations:
                assert checked(place.ledger) == pytest.approx(place.score, abs=1e-6)
                assert sum(place.by_modality.values()) == pytest.approx(place.score, abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 50), missing=st.floats(0, 0.7))
def test_pairs_of_segments_sum_to_their_line(seed, missing):
    dataset = make_dataset(seed=seed, missing=missing, n=16)
    model = fitted("hybrid", dataset)
    for place in model.recommend("u0", 5).recommendations:
        for line in place.ledger.children:
            if line.key in ("visual", "audio", "speech", "caption", "meaning"):
                for leaf in direct_leaves(line):
                    pairs = model.pairs("u0", place.clip_id, leaf.key, line.key)
                    assert pairs
                    assert sum(pair.value for pair in pairs) == pytest.approx(leaf.value, abs=1e-6)


def test_ten_thousand_random_ledgers_add_up(capsys):
    """Sum of leaves against the quick score that ranks, over random recommenders, people and clips."""
    rng, worst, checks = np.random.default_rng(0), {}, 0
    for seed in range(4):
        dataset = make_dataset(n=40, users=20, each=12, seed=seed)
        for name, entry in ENTRIES.items():
            model = fitted(name, dataset)
            for _ in range(-(-10_000 // (4 * len(ENTRIES)))):
                row, clip = int(rng.integers(21)), int(rng.integers(40))
                user, clip_id = dataset.user_ids[row], dataset.corpus.clip_ids[clip]
                ledger = model.contributions(user, clip_id)
                taste = dataset.taste_of(row)
                quick = model.base_scores(taste, model.settled(taste, model.weights(None))[0])[clip]
                leaves = sum(leaf.value for leaf in ledger.leaves())
                scale = max(1.0, abs(ledger.value))
                apart = abs(leaves - model.score(user, [clip_id])[0]) / scale
                if entry.view is None:
                    apart = max(apart, abs(leaves - quick) / scale)
                # The default's quick score is single precision: it picks candidates and is never shown.
                assert abs(leaves - quick) / scale < 1e-4, name
                checks += 1
                if entry.exact:
                    worst[name] = max(worst.get(name, 0.0), apart)
    assert checks >= 10_000
    with capsys.disabled():
        print(f"\n{checks} ledgers of {len(worst)} exact recommenders: largest |sum of leaves - score| = "
              f"{max(worst.values()):.1e} ({max(worst, key=worst.get)})")  # fmt: skip
    assert max(worst.values()) < 1e-6


def test_a_leaf_is_what_leaving_its_clip_out_changes():
    dataset = make_dataset(seed=3, each=9)
    model = fitted("hybrid", dataset)
    taste, weights = dataset.taste("u0"), model.weights(None)
    clip = dataset.clip(model.recommend("u0", 1).recommendations[0].clip_id)
    ledger = model.ledger(model.told(taste, np.array([clip]), weights), 0, {})
    for watched in taste.clips:
        mine = sum(leaf.value for leaf in ledger.leaves() if leaf.key == dataset.corpus.clip_ids[watched])
        left = model.ledger(model.told(taste.without(watched), np.array([clip]), weights), 0, {})
        assert ledger.value - left.value == pytest.approx(mine, abs=1e-9)


def test_switching_a_modality_off_changes_its_line_and_no_other():
    dataset = make_dataset(seed=5, missing=0.1)
    model = fitted("hybrid", dataset)
    clip_id = model.recommend("u1", 1).recommendations[0].clip_id
    full = model.weights(None)
    before = {line.key: line.value for line in model.contributions("u1", clip_id).children}
    after = {line.key: line.value for line in model.contributions("u1", clip_id, {**full, "visual": 0.0}).children}
    assert "visual" in before
    assert "visual" not in after
    assert {k: v for k, v in before.items() if k != "visual"} == pytest.approx(after)


def test_shown_score_is_base_score_plus_penalty():
    dataset = make_dataset(seed=1)
    model = fitted("hybrid", dataset)
    for place in model.recommend("u0", 10, options=ListOptions(diversity=0.5)).recommendations:
        base = model.score("u0", [place.clip_id])[0]
        penalty = sum(line.value for line in place.ledger.children if line.kind == "penalty")
        assert penalty <= 0
        assert place.score == pytest.approx(base + penalty, abs=1e-6)


def test_clips_that_lack_modalities_get_their_share_of_the_top():
    """Half of the modalities missing in a fifth of the clips: neither rewarded nor starved."""
    rng = np.random.default_rng(0)
    share = []
    for seed in range(12):
        dataset = make_dataset(n=100, users=8, each=8, seed=seed, missing=0.0)
        poor = rng.random(100) < 0.2
        vectors = {}
        for modality, source in dataset.corpus.vectors.items():
            keep = ~(poor[source.clip] & (modality in ("audio", "speech", "caption")))
            vectors[modality] = type(source)(
                source.version, source.clip[keep], source.start[keep], source.end[keep], source.matrix[keep]
            )
        corpus = type(dataset.corpus)(**{**dataset.corpus.__dict__, "vectors": vectors})
        changed = type(dataset)(corpus, dataset.user_ids, dataset.user_items, dataset.seen, dataset.hidden)
        model = make("content").fit(changed)
        tops = [corpus.clip_ids.index(r.clip_id) for u in range(8) for r in
                model.recommend(f"u{u}", 20, options=PLAIN).recommendations]  # fmt: skip
        if tops:
            share.append(poor[tops].mean() / poor.mean())
    assert 0.7 < np.mean(share) < 1.3
