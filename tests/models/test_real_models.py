"""The real weights, at least once per model."""

import csv

import numpy as np
import pytest

from avrec.config import Settings
from avrec.media import decode, load_sound
from avrec.models.catalogue import TASKS, Models
from avrec.models.weights import Weights

pytestmark = pytest.mark.models
ENCODERS = ("image", "sentences", "documents")


@pytest.fixture(scope="module")
def models(weights_dir, tmp_path_factory):
    settings = Settings(data=tmp_path_factory.mktemp("m"), weights=weights_dir, profile="embedded")
    return Models(settings, threads=2)


@pytest.fixture(scope="module")
def decoded(starter_dir, tmp_path_factory):
    folder = tmp_path_factory.mktemp("decoded")
    names = ("talk_cat.mp4", "talk_coffee.mp4", "talk_rocket.mp4", "rocket_launch.mp4", "jfk_inaugural.mp3",
             "vibe_ace.mp3", "birds.mp3", "talk_temple.mp4", "talk_flower.mp4")  # fmt: skip
    return {n.split(".")[0]: decode(starter_dir / n, folder / n, name=n, preset="fast") for n in names}


@pytest.fixture(scope="module")
def reference(starter_dir):
    with (starter_dir / "starter.csv").open(encoding="utf-8", newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def frames(decoded, name):
    return np.load(decoded[name].folder / "frames.npy")


def word_errors(reference, found):
    from whisper.normalizers import EnglishTextNormalizer

    normal = EnglishTextNormalizer()
    a, b = normal(reference).split(), normal(found).split()
    row = np.arange(len(b) + 1)
    for i, word in enumerate(a, 1):
        previous, row[0] = row.copy(), i
        for j, other in enumerate(b, 1):
            row[j] = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (word != other))
    return row[-1] / len(a)


def sample(models, task):
    if task == "image":
        return np.random.default_rng(0).integers(0, 255, (3, 90, 120, 3), dtype=np.uint8)
    return ["a rocket launch", "我喜欢宇宙", "a small cat, asleep on a chair"]


@pytest.mark.parametrize("task", ENCODERS)
def test_encoders_give_unit_rows_whatever_the_batch(models, task):
    model, items = models.get(task), sample(models, task)
    together = model.encode(items)
    assert together.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-3)
    alone = np.concatenate([model.encode(items[i : i + 1]) for i in range(len(items))])
    assert ((together * alone).sum(axis=1) > 0.999).all()
    assert model.encode(items[:0]).shape == (0, together.shape[1])
    assert model.card.version


@pytest.mark.parametrize("task", ["scenes", "objects"])
def test_classifiers_give_probabilities_whatever_the_batch(models, task):
    model, pictures = models.get(task), sample(models, "image")
    together = model.classify(pictures)
    assert together.shape == (3, len(model.labels))
    assert together.dtype == np.float32
    np.testing.assert_allclose(together.sum(axis=1), 1, atol=1e-3)
    alone = np.concatenate([model.classify(pictures[i : i + 1]) for i in range(3)])
    np.testing.assert_allclose(together, alone, atol=0.01)
    assert model.classify(pictures[:0]).shape == (0, len(model.labels))
    model.unload()
    assert not model.loaded
    np.testing.assert_array_equal(model.classify(pictures), together)
    assert model.card.version


def test_places_know_indoors_from_outdoors(models, decoded):
    def outdoor(name):
        return float(models.scenes.outdoor(models.scenes.classify(frames(decoded, name))).mean())

    assert outdoor("rocket_launch") > 0.9
    assert outdoor("talk_coffee") < 0.2


def test_the_same_document_gives_the_same_vector(models):
    text = "A rocket leaves its launch pad."
    first = models.documents.encode([text])
    assert first.shape == (1, 896)
    np.testing.assert_array_equal(models.documents.encode([text]), first)


def test_empty_texts_are_zeros(models):
    assert not models.sentences.encode(["", " "]).any()
    assert not models.documents.encode([""]).any()


def test_unloaded_models_load_again_and_say_the_same(models):
    before = models.sentences.encode(["a cat"])
    models.sentences.unload()
    assert not models.sentences.loaded
    np.testing.assert_array_equal(models.sentences.encode(["a cat"]), before)


def test_clip_stays_close_to_the_quantised_original_and_sees_likeness(models, decoded, weights_dir):
    import onnxruntime

    from avrec.models.clip_image import preprocess

    names = ("rocket_launch", "talk_rocket", "talk_cat")
    pictures = [frames(decoded, name)[:1] for name in names]
    vectors = np.concatenate([models.image.encode(picture) for picture in pictures])
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(Weights(models.settings).path("clip-vit-b16-image-int8")), options)
    for picture, vector in zip(pictures, vectors, strict=True):
        (original,) = session.run(["image_embeds"], {"pixel_values": preprocess(picture).numpy()})
        assert original[0] @ vector / np.linalg.norm(original[0]) > 0.97
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2


def test_scenes_and_objects_name_plain_things(models, decoded):
    def best(model, name):
        odds = model.classify(frames(decoded, name))[0]
        assert odds.sum() == pytest.approx(1, abs=1e-2)
        return [model.labels[i] for i in np.argsort(-odds)[:3]]

    assert "espresso" in best(models.objects, "talk_coffee")
    assert {"tabby cat", "tiger cat", "Egyptian Mau"} & set(best(models.objects, "talk_cat"))
    assert {"pagoda", "temple, asia"} & set(best(models.scenes, "talk_temple"))
    assert len(models.scenes.labels) == 365
    assert len(models.objects.labels) == 1000


def test_sentences_meet_across_languages(models):
    cat, katze, tax = models.sentences.encode(["a sleeping cat", "eine schlafende Katze", "income tax form"])
    assert cat @ katze > cat @ tax + 0.3


def test_named_pictures_find_the_right_clip_from_words(models, decoded, reference):
    names = ["talk_cat", "talk_coffee", "talk_rocket", "talk_temple", "talk_flower"]
    pictures = np.concatenate([models.image.encode(frames(decoded, name)[:1]) for name in names])
    texts = models.sentences.encode([reference[name]["caption"] for name in names])
    found = [int(np.argmax(models.picture_map.score(text, pictures))) for text in texts]
    assert sum(i == place for i, place in enumerate(found)) >= 4
    vectors = models.picture_map.caption_vectors(pictures)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", ["jfk_inaugural", "talk_cat"])
def test_both_whisper_backends_hear_the_same_words(models, decoded, reference, name):
    from avrec.models.speech import WhisperTorchTranscriber, load_converted
    from avrec.schemas import ModelCard

    sound = load_sound(decoded[name].folder)
    torch_backend = WhisperTorchTranscriber(
        lambda: load_converted(Weights(models.settings)), ModelCard("transcriber", "Whisper base", "v", "x", "MIT")
    )
    texts = []
    for backend in (models.transcriber, torch_backend):
        found = backend.transcribe(np.array(sound))
        assert found.language == "en"
        assert all(a.end >= a.start for line in found.lines for a in line.words)
        texts.append(" ".join(line.text for line in found.lines))
        assert word_errors(reference[name]["reference_transcript"], texts[-1]) <= 0.15
    assert word_errors(texts[0], texts[1]) <= 0.1


@pytest.mark.parametrize("kind", ["silence", "noise", "beeps", "birds", "vibe_ace"])
def test_nothing_is_transcribed_from_what_is_not_speech(models, decoded, kind):
    from generate import make_sound

    sound = load_sound(decoded[kind].folder) if kind in decoded else make_sound(kind, 12)
    assert models.transcriber.transcribe(np.array(sound)).lines == ()


def test_sound_states_are_pooled_per_segment_and_silence_has_none(models):
    from generate import make_sound

    from avrec.models.sound import pool
    from avrec.schemas import Segment

    sound = np.concatenate([make_sound("tone", 3), make_sound("silence", 3)])
    states, step = models.sound.encode(sound)
    assert len(states) * step == pytest.approx(6, abs=0.1)
    rows = pool(states, step, (Segment(0, 3), Segment(3, 6)), sound)
    assert np.linalg.norm(rows[0]) == pytest.approx(1, abs=1e-5)
    assert np.isnan(rows[1]).all()


def test_every_task_has_a_card_that_says_where_it_comes_from(models):
    cards = {card.task: card for card in models.cards()}
    assert set(cards) == set(TASKS)
    assert not cards["captioner"].available
    assert "not available in this profile" in cards["captioner"].reason
    assert cards["picture_map"].stands_in_for
    assert all(card.licence and card.source for card in cards.values() if card.available)


def test_six_real_clips_are_fully_understood(real_engine):
    clips = {clip.file_name: clip for clip in real_engine.clips()}
    assert len(clips) == 6
    assert clips["talk_rocket.mp4"].modalities == ("visual", "audio", "speech", "caption", "meaning", "words")
    assert not clips["birds.mp3"].has_speech
    assert "audio" not in clips["city_night.mp4"].modalities
    near = real_engine.similar(clips["rocket_launch.mp4"].clip_id, 5).recommendations
    assert near[0].title == clips["talk_rocket.mp4"].title
    assert all("subject" not in real_engine._clips.document(clip.clip_id) for clip in clips.values())


def test_words_find_moments_and_nonsense_scores_low(real_engine):
    rocket = real_engine.search("a rocket on its launch pad", k=3)
    assert "rocket" in rocket[0].title.lower() or "falcon" in rocket[0].title.lower()
    assert rocket[0].percentile == 100
    nonsense = real_engine.search("asdkjh qwe zzxv", k=3)
    assert nonsense[0].score < rocket[0].score / 2
    picture = real_engine.media(rocket[0].clip_id, "poster")[0]
    assert real_engine.search(image=picture, k=1)[0].clip_id == rocket[0].clip_id
    assert all(m.clip_id != rocket[0].clip_id for m in real_engine.search(clip_id=rocket[0].clip_id))


def test_sound_vectors_of_both_precisions_are_one_version(models, decoded):
    from avrec.models.sound import WhisperAudioEncoder, pool

    weights = Weights(models.settings)
    exact, quick = (WhisperAudioEncoder(weights, "cpu", dtype) for dtype in ("float32", "bfloat16"))
    assert exact.card.version == quick.card.version == models.sound.card.version
    for name in ("talk_cat", "jfk_inaugural", "vibe_ace", "birds"):
        sound = np.array(load_sound(decoded[name].folder))
        rows = [pool(*encoder.encode(sound), decoded[name].segments, sound) for encoder in (exact, quick)]
        cosines = (rows[0] * rows[1]).sum(axis=1)
        assert np.nanmin(cosines) > 0.9999


def test_a_clip_of_half_a_minute_is_encoded_once_for_language_and_words(models, decoded, monkeypatch):
    encode, asked = models.transcriber.handle.encode, []
    function = encode._function
    monkeypatch.setattr(encode, "_function", lambda features: asked.append(1) or function(features))
    found = models.transcriber.transcribe(np.array(load_sound(decoded["talk_cat"].folder)))
    assert found.language == "en"
    windows = 1 + (found.lines[-1].end < 25)  # what is left after the last line is looked at, too
    assert 1 <= len(asked) <= windows
