"""Models from people's own folders: tiny ones of the same architectures, saved and loaded through the same door."""

import os
import shutil
from dataclasses import replace

import numpy as np
import pytest
from tiny_models import save_clip, save_language_model

from avrec.config import Settings
from avrec.errors import WeightsUnavailableError
from avrec.models.catalogue import Models
from avrec.models.local_folder import LocalFolder

FRAMES = np.random.default_rng(0).integers(0, 255, (3, 90, 120, 3), dtype=np.uint8)
TEXTS = ["a cat", "rocket on the moon", "the cat sleeps on a rocket"]
ENCODERS = {"image": (FRAMES, 16), "image_text": (TEXTS, 16), "sentences": (TEXTS, 32), "documents": (TEXTS, 32)}


@pytest.fixture(scope="module")
def models(folder, tmp_path_factory):
    return Models(Settings(data=tmp_path_factory.mktemp("data"), models=folder, device="cpu"))


@pytest.fixture
def copied(folder, tmp_path):
    """A folder that a test may damage, and the models that read it."""
    shutil.copytree(folder, tmp_path / "models")
    return tmp_path / "models", Models(Settings(data=tmp_path / "data", models=tmp_path / "models", device="cpu"))


@pytest.mark.parametrize("task", ENCODERS)
def test_local_encoders_keep_the_contract(models, task):
    model, (items, dim) = models.get(task), ENCODERS[task]
    assert model.encode(items[:0]).shape == (0, dim)
    together = model.encode(items)
    assert together.shape == (3, dim)
    assert together.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    backwards = model.encode(items[::-1])[::-1]
    alone = np.concatenate([model.encode(items[i : i + 1]) for i in range(3)])
    assert ((together * alone).sum(axis=1) > 0.999).all()
    assert ((together * backwards).sum(axis=1) > 0.999).all()
    assert not np.allclose(together[0], together[1])
    assert model.loaded
    model.unload()
    assert not model.loaded
    np.testing.assert_array_equal(model.encode(items), together)


@pytest.mark.parametrize("task", ["image_text", "sentences", "documents"])
def test_empty_texts_are_zeros_among_others(models, task):
    rows = models.get(task).encode(["a cat", "", " "])
    assert np.linalg.norm(rows[0]) == pytest.approx(1, abs=1e-5)
    assert not rows[1:].any()


def test_the_captioner_says_one_sentence_a_picture(models):
    assert models.captioner.caption(FRAMES[:0]) == []
    together = models.captioner.caption(FRAMES)
    assert len(together) == 3
    assert all("cat" in text for text in together)
    assert models.captioner.caption(FRAMES[:1]) == together[:1]


def test_documents_are_the_mean_without_the_first_token_and_are_cut(models):
    import torch

    encoder = models.documents
    network, tokenizer = encoder.handle
    tokens = tokenizer("a rocket", return_tensors="pt")
    with torch.inference_mode():
        states = network(**tokens).last_hidden_state[0].float().numpy()
    mean = states[1:].mean(axis=0)
    np.testing.assert_allclose(encoder.encode(["a rocket"])[0], mean / np.linalg.norm(mean), atol=1e-5)
    long = "moon " * 300
    np.testing.assert_array_equal(encoder.encode([long]), encoder.encode([long + "cat"]))


def test_both_clip_towers_share_one_network_and_are_unloaded_together(models):
    models.image.encode(FRAMES[:1])
    assert models.image_text.loaded
    models.image_text.unload()
    assert not models.image.loaded
    assert models.image.card.version == models.image_text.card.version
    assert models.image_text.card.task == "image_text"


def test_pictures_are_prepared_as_the_folder_says(tmp_path):
    wide = np.zeros((1, 32, 96, 3), np.uint8)
    wide[:, :, :32] = 255  # outside the centre: only squashing sees it
    for mode in ("shortest", "squash"):
        save_clip(tmp_path / mode / "clip", resize_mode=mode)
        (tmp_path / mode / "blip").mkdir()
        model = Models(Settings(data=tmp_path / "data", models=tmp_path / mode, device="cpu")).image
        seen = model.encode(wide)[0] @ model.encode(np.zeros_like(wide))[0]
        assert (seen > 0.9999) == (mode == "shortest")


def test_cards_of_local_models_say_where_they_come_from(models, folder):
    cards = {card.task: card for card in models.cards()}
    for task in (*ENCODERS, "captioner"):
        assert cards[task].available
        assert cards[task].source == "local folder"
        assert cards[task].memory_bytes > 0
        assert not cards[task].stands_in_for
    assert models.profile == "standard"
    assert "whisper/" in cards["transcriber"].stands_in_for
    assert models.picture_map is None, "it knows the embedded CLIP's vectors only"
    assert not cards["picture_map"].available


def test_without_blip_the_embedded_clip_stays_because_captions_need_its_vectors(copied):
    folder, models = copied
    shutil.rmtree(folder / "blip")
    assert models.image.card.source == "package carrier"
    assert models.image_text is None
    assert models.picture_map is not None


def test_an_unrelated_folder_does_not_change_the_profile(tmp_path):
    (tmp_path / "holiday").mkdir()
    assert Models(Settings(data=tmp_path / "d", models=tmp_path, device="cpu")).profile == "embedded"
    assert Models(Settings(data=tmp_path / "d", models=tmp_path, device="cpu", profile="embedded")).captioner is None


def test_versions_follow_the_bytes_and_not_the_dates(folder, copied):
    other, _ = copied
    card = LocalFolder(folder / "llm", other / "memory.json").card("documents", "LM", "mean", "cpu", "float32")
    copy = LocalFolder(other / "llm", other / "memory.json")
    os.utime(other / "llm" / "config.json", (1, 1))
    assert copy.card("documents", "LM", "mean", "cpu", "float32").version == card.version
    assert copy.card("documents", "LM", "first", "cpu", "float32").version != card.version
    weights = other / "llm" / "model.safetensors"
    changed = bytearray(weights.read_bytes())
    changed[-1] ^= 1
    weights.write_bytes(changed)
    assert copy.card("documents", "LM", "mean", "cpu", "float32").version != card.version


@pytest.mark.parametrize("name", ["clip", "blip", "llm", "sentences"])
def test_a_pickle_is_not_opened(copied, name):
    folder, models = copied
    for path in (folder / name).glob("*.safetensors"):
        path.unlink()
    for pickle in ("pytorch_model.bin", "open_clip_pytorch_model.bin", "model.pth"):
        (folder / name / pickle).write_bytes(b"cos\nsystem\n(S'touch opened'\ntR.")
    task = {"clip": "image", "blip": "captioner", "llm": "documents", "sentences": "sentences"}[name]
    with pytest.raises(WeightsUnavailableError, match=f"{name}/ in the model folder"):
        models.captioner.caption(FRAMES) if name == "blip" else models.get(task).encode(ENCODERS[task][0])


def test_safetensors_come_before_a_pickle_of_a_more_usual_name(copied, models):
    folder, others = copied
    (folder / "clip" / "open_clip_model.safetensors").rename(folder / "clip" / "model.safetensors")
    (folder / "clip" / "open_clip_pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'touch opened'\ntR.")
    np.testing.assert_array_equal(others.image.encode(FRAMES), models.image.encode(FRAMES))


def test_a_folder_that_lacks_tensors_is_refused_rather_than_filled_with_chance(copied):
    from safetensors.numpy import load_file, save_file

    folder, models = copied
    path = folder / "llm" / "model.safetensors"
    tensors = load_file(path)
    del tensors["model.layers.1.mlp.up_proj.weight"]
    save_file(tensors, path, metadata={"format": "pt"})
    with pytest.raises(WeightsUnavailableError, match="missing"):
        models.documents.encode(["a cat"])


def test_a_broken_configuration_is_one_sentence_on_the_card(copied):
    folder, models = copied
    (folder / "sentences" / "config.json").write_text("{")
    (folder / "clip" / "open_clip_config.json").unlink()
    card = {card.task: card for card in models.cards()}["sentences"]
    assert not card.available
    assert "sentences/ in the model folder" in card.reason
    with pytest.raises(WeightsUnavailableError, match="clip/"):
        models.get("image")


class OutOfMemoryError(RuntimeError):
    """Named as torch names its own."""


def test_the_card_follows_a_model_that_had_to_move_to_the_cpu(tmp_path, monkeypatch):
    save_language_model(tmp_path / "models" / "llm")
    encoder = Models(Settings(data=tmp_path / "data", models=tmp_path / "models", device="cpu")).documents
    expected = encoder.encode(TEXTS)
    encoder.card = replace(encoder.card, device="cuda", dtype="float16")
    real, tries = encoder._encode, []

    def full(texts):
        tries.append(len(texts))
        if len(tries) < 5:
            raise OutOfMemoryError
        return real(texts)

    monkeypatch.setattr(encoder, "_encode", full)
    found = encoder.encode(TEXTS)
    assert tries == [3, 2, 1, 1, 1, 1, 1], "smaller batches, then without other models, then on the CPU"
    assert (encoder.card.device, encoder.card.dtype) == ("cpu", "float32")
    assert ((found * expected).sum(axis=1) > 0.999).all()


def test_idle_models_are_unloaded_and_the_small_ones_stay(models, monkeypatch):
    models.documents.encode(["a cat"])
    models.sentences.encode(["a cat"])
    monkeypatch.setattr(models.documents, "card", replace(models.documents.card, memory_bytes=10**9))
    assert models.unload_idle(60) == []
    assert models.unload_idle(0) == ["documents"]
    assert models.sentences.loaded


def test_torch_is_held_to_the_threads_that_were_asked_for(folder, tmp_path):
    import torch

    before = torch.get_num_threads()
    try:
        for threads in (1, 2):
            models = Models(Settings(data=tmp_path, models=folder, device="cpu"), threads=threads)
            models.documents.encode(["a cat"])
            models.image_text.encode(["a cat"])
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
