"""The micro-videos' loader: matrices come in, code does not."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp

from avrec.errors import InvalidInputError
from avrec.recommend.linear import LinearRecommender
from benchmarks.recommenders import tiktok
from benchmarks.recommenders.measure import Question, largest_gap, measure


class Harmful:
    def __reduce__(self):
        return (print, ("harm",))


def test_a_pickle_with_anything_but_a_matrix_is_refused(tmp_path, capsys):
    path = tmp_path / "trnMat.pkl"
    path.write_bytes(pickle.dumps(Harmful()))
    with pytest.raises(InvalidInputError, match="no matrix"):
        tiktok.load_matrix(path)
    assert not capsys.readouterr().out


def test_a_folder_becomes_a_dataset_that_can_be_asked(tmp_path):
    rng = np.random.default_rng(0)
    everything = rng.permutation(30 * 12)
    for name, pairs in zip(
        ("trn", "val", "tst"), (everything[:120], everything[120:140], everything[140:170]), strict=True
    ):
        matrix = sp.coo_matrix((np.ones(len(pairs)), np.divmod(pairs, 12)), shape=(30, 12))
        (tmp_path / f"{name}Mat.pkl").write_bytes(pickle.dumps(matrix))
    for file in tiktok.FEATURES.values():
        np.save(tmp_path / file, rng.normal(size=(12, 5)).astype(np.float16))
    data = tiktok.load(tmp_path)
    assert data.train.user_items.nnz == 120
    assert data.with_validation().user_items.nnz == 140
    model = LinearRecommender().fit(data.train)
    values = measure(model.scores_of, Question(data.train, data.test), 5)
    assert len(values["recall"]) == (data.test.getnnz(axis=1) > 0).sum()
    assert 0 < values["recall"].mean() <= 1
    assert largest_gap(model, 20) < 1e-9
