"""What is made from weights is verified like the weights themselves."""

import pytest

from avrec.config import Settings
from avrec.errors import WeightsMismatchError, WeightsUnavailableError
from avrec.models.manifest import profile_weights
from avrec.models.weights import Weights, hash_tree
from avrec.store.files import write_json


@pytest.fixture
def weights(tmp_path):
    return Weights(Settings(data=tmp_path, weights=tmp_path / "weights"))


@pytest.mark.parametrize("folder", [False, True])
def test_damage_is_found_though_size_and_source_are_right(weights, folder):
    source = profile_weights()[0]
    path = weights.folder / "derived" / "made"
    path.parent.mkdir(parents=True)
    file = path / "part" if folder else path
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"good bytes")
    record = path.with_name("made.made.json")
    write_json(record, {"sha256": source.sha256, "made": hash_tree(path)})
    assert weights.derived("made", source.name) == path
    file.write_bytes(b"evil bytes")
    with pytest.raises(WeightsMismatchError, match="made"):
        weights.derived("made", source.name)
    write_json(record, {"sha256": "0" * 64, "made": hash_tree(path)})
    with pytest.raises(WeightsUnavailableError):
        weights.derived("made", source.name)
