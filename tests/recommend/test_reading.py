"""How the crowd's parts read weights: the ledger stays exact, quick and exact scores agree, settings survive."""

import numpy as np
import pytest
import scipy.sparse as sp

from avrec.recommend.cease import CeaseSettings
from avrec.recommend.hybrid_settings import HybridSettings
from avrec.recommend.linear import LinearRecommender
from avrec.recommend.reading import SIGNED, Reading
from tests.synthetic import make_dataset

READ = Reading(binary=True, negatives=0.25)


def test_weights_by_hand():
    weights = np.array([1.5, 0.2, 0.0, -1.0])
    assert READ.of(weights).tolist() == [1, 1, 0, -0.25]
    assert SIGNED.of(weights).tolist() == weights.tolist()
    rows = sp.csr_matrix(weights[None])
    assert READ.of_rows(rows).toarray().tolist() == [[1, 1, 0, -0.25]]
    assert rows.toarray().tolist() == [weights.tolist()], "the dataset is not touched"


@pytest.mark.parametrize("walk", [0.0, 1.0])
def test_leaves_sum_to_the_score_and_all_ways_to_score_agree(walk):
    data = make_dataset(users=12, each=10)
    model = LinearRecommender(settings=HybridSettings(walk=walk, crowd=READ)).fit(data)
    everyone = model.scores_of(np.arange(12))
    for row in range(12):
        exact = model.score(data.user_ids[row], list(data.corpus.clip_ids))
        np.testing.assert_allclose(everyone[row], exact, atol=1e-4)
        ledger = model.contributions(data.user_ids[row], data.corpus.clip_ids[3])
        assert sum(leaf.value for leaf in ledger.leaves()) == pytest.approx(exact[3], abs=1e-9)


def test_content_keeps_the_signed_weights():
    data = make_dataset(users=12, each=10)
    alone = HybridSettings(cease=0.0, popularity=0.0)
    first = LinearRecommender(settings=alone).fit(data).scores_of(np.arange(12))
    second = LinearRecommender(settings=HybridSettings(cease=0.0, popularity=0.0, crowd=READ)).fit(data)
    np.testing.assert_array_equal(first, second.scores_of(np.arange(12)))


def test_settings_survive_json():
    settings = HybridSettings(walk=0.3, crowd=READ, fit=CeaseSettings(30.0, 0.5, 0.6, 0.0))
    assert HybridSettings.from_dict(settings.as_dict()) == settings
    older = {name: value for name, value in settings.as_dict().items() if name not in ("crowd", "popularity")}
    assert HybridSettings.from_dict(older).crowd == SIGNED
