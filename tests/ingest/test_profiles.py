"""A profile text goes to the spaces that the library's clips are in, and to no other."""

from types import SimpleNamespace

import numpy as np
import pytest
from light import LightModels

from avrec.ingest.profiles import SHORT, as_document, text_vectors


def test_only_spaces_of_the_librarys_versions_are_made():
    models = LightModels()
    versions = {"speech": models.sentences.card.version, "caption": models.picture_map.card.version,
                "meaning": models.documents.card.version, "visual": "any"}  # fmt: skip
    found = text_vectors("rocket pad", models, versions, wait=True)
    assert set(found) == {"speech", "caption", "meaning"}
    assert all(np.linalg.norm(row) == pytest.approx(1, abs=1e-6) for _, row in found.values())
    assert found["caption"][1] == pytest.approx(
        models.picture_map.caption_texts(models.sentences.encode(["rocket pad"]))[0]
    )
    assert text_vectors("rocket pad", models, {"speech": "older"}, wait=True) == {}
    assert text_vectors("  ", models, versions, wait=True) == {}


def test_a_model_that_is_not_loaded_is_not_waited_for():
    models = LightModels()
    versions = {"meaning": models.documents.card.version}
    models.documents.loaded = False
    assert text_vectors("rocket", models, versions, wait=False) == {}
    assert set(text_vectors("rocket", models, versions, wait=True)) == {"meaning"}


def test_captions_by_a_model_are_compared_as_sentences():
    models = LightModels()
    models.picture_map = SimpleNamespace(card=SimpleNamespace(version="none"))
    version = f"blip+{models.sentences.card.version}"
    found = text_vectors("rocket", models, {"caption": version}, wait=False)
    assert found["caption"][0] == version
    assert found["caption"][1] == pytest.approx(models.sentences.encode(["rocket"])[0])


def test_short_texts_are_repeated_for_the_language_model():
    assert as_document("cats") == "cats\ncats\ncats"
    assert as_document("x" * SHORT) == "x" * SHORT
