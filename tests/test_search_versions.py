"""Queries are encoded by the models behind the served vectors, or that way of matching is left out and named."""

from dataclasses import replace

import numpy as np
import pytest
from light import LightModels, LightText, newer, take_in
from tiny_models import save_all

from avrec.config import Settings
from avrec.engine import Engine
from avrec.index.encoders import choose_encoders
from avrec.models.catalogue import Models
from avrec.models.sentences import UNIVERSAL_VERSION


class TwoProfiles(LightModels):
    """Newer models, with the older ones still at hand."""

    def __init__(self):
        super().__init__()
        self.older = LightModels()
        self.sentences, self.documents = LightText("sentences", 20), LightText("documents", 24)
        newer(self, "image", "picture_map", "sentences", "documents")

    def of_version(self, task, version):
        return super().of_version(task, version) or self.older.of_version(task, version)

    def map_of(self, image_version):
        return super().map_of(image_version) or self.older.map_of(image_version)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("versions")
    engine = Engine(Settings(data=folder / "data", demo=False), models=LightModels())
    ids = take_in(engine, folder, ("Red kite", "Blue kite", "Green tree"))
    yield engine, ids, folder
    engine.close()


def other(library, models):
    return Engine(library[0].settings, models=models)


def picture(folder):
    from PIL import Image

    path = folder / "red.png"
    Image.new("RGB", (32, 32), "red").save(path)
    return path


def test_while_old_vectors_serve_their_own_model_is_asked(library):
    engine, ids, folder = library
    later = other(library, TwoProfiles())
    assert later.search_gaps() == []
    for question in ({"text": "light speech"}, {"image": picture(folder)}, {"clip_id": ids[0]}):
        assert later.search(**question) == engine.search(**question)
    later.new_person("eve", sentence="kites in the sky")
    later.wait([job.job_id for job in later.jobs()], timeout=60)
    before = engine._interactions.profiles()["eve"]
    assert {modality: version for modality, (version, _) in before.items()} == {
        "speech": "light-sentences-1", "caption": "light-picture_map-1", "meaning": "light-documents-1",
    }  # fmt: skip
    later.close()


def test_without_that_model_its_way_of_matching_is_left_out_and_named(library):
    _, ids, folder = library
    models = newer(LightModels(), "image")
    models.sentences = LightText("sentences", 20)  # vectors of another length: comparing them would raise
    models = newer(models, "sentences")
    later = other(library, models)
    gaps = later.search_gaps()
    assert len(gaps) == 2
    assert "What is said" in gaps[0]
    assert "pictures stage" in gaps[1]
    assert later.search(image=picture(folder)) == []
    found = later.search("red kite")
    assert found, "exact words need no model"
    assert all(set(moment.modalities) == {"words"} for moment in found)
    assert later.search(clip_id=ids[0]), "stored vectors are compared with each other"
    later.close()


def test_after_the_stage_ran_again_the_new_model_is_asked(library, tmp_path):
    import shutil

    shutil.copytree(library[0].settings.data, tmp_path / "data")
    models = LightModels()
    models.sentences = LightText("sentences", 20)
    later = Engine(Settings(data=tmp_path / "data", demo=False), models=newer(models, "sentences"))
    assert len(later.search_gaps()) == 2, "the map of pictures was fitted on the old sentences, too"
    assert later.wait([later.rerun_stage("text").job_id], timeout=60)[0].state == "done"
    assert len(later.search_gaps()) == 1
    assert any("speech" in moment.modalities for moment in later.search("light speech"))
    later.close()


def test_the_embedded_profiles_models_are_asked_beside_a_local_folders(tmp_path):
    folder = save_all(tmp_path / "models")
    none = {"data": tmp_path / "data", "weights": tmp_path / "none", "device": "cpu"}
    models = Models(Settings(models=folder, **none))
    own = models.sentences.card.version
    assert models.of_version("sentences", own) is models.sentences
    older = models.of_version("sentences", UNIVERSAL_VERSION)
    assert older.card.version == UNIVERSAL_VERSION
    assert models.of_version("sentences", UNIVERSAL_VERSION) is older
    assert models.of_version("sentences", "never heard of") is None
    embedded = Models(Settings(**none))
    version = embedded.image.card.version
    assert models.picture_map is None
    assert models.map_of(version).image_version == version
    assert models.map_of("never heard of") is None
    assert models.of_version("image", version) is None, "its weights are not here"
    assert embedded.of_version("sentences", own) is None
    chosen = choose_encoders(models, {"visual": version, "speech": own})
    assert chosen.speech is models.sentences
    assert chosen.map_sentences is older
    assert older.encode(["a cat"]).shape == (1, 512)
    assert "sentences" in models.loaded()
    chosen = choose_encoders(models, {"visual": models.image.card.version})
    assert (chosen.image_text, chosen.picture_map, chosen.speech) == (models.image_text, None, None)
    older.card = replace(older.card, memory_bytes=10**9)
    assert models.unload_idle(0) == ["sentences"]
    assert not older.loaded


def test_local_sentences_beside_the_embedded_pictures(tmp_path):
    """The map of pictures takes vectors of the encoder that it was fitted on, whatever encodes the speech."""
    import shutil

    folder = save_all(tmp_path / "models")
    shutil.rmtree(folder / "clip")
    models = Models(Settings(data=tmp_path / "data", models=folder, device="cpu"))
    chosen = choose_encoders(models, {"visual": models.image.card.version, "speech": models.sentences.card.version})
    assert chosen.picture_map is models.picture_map
    assert chosen.speech.dim == 32
    mapped = chosen.picture_map.texts(chosen.map_sentences.encode(["a cat"]))
    assert np.isfinite(mapped).all()
