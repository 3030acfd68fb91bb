"""Guards, devices, weights and statistics: what needs no weights."""

from typing import ClassVar

import numpy as np
import pytest
from generate import make_sound

from avrec.config import Settings
from avrec.errors import UnknownModelError, WeightsMismatchError, WeightsUnavailableError
from avrec.models import devices, fetch, manifest, spectrum
from avrec.models.captions import compose_caption
from avrec.models.catalogue import Models
from avrec.models.picture_map_fit import fit_picture_map
from avrec.models.scenes import scene_label
from avrec.models.speech_guards import compression_ratio, is_plausible, speech_share
from avrec.models.weights import Weights
from avrec.schemas import Segment


@pytest.fixture(autouse=True)
def own_weights_folder(monkeypatch):
    """These tests make their own, mostly broken, weights."""
    for name in ("AVREC_WEIGHTS", "AVREC_MIRROR", "AVREC_MODELS"):
        monkeypatch.delenv(name, raising=False)


class OutOfMemoryError(RuntimeError):
    """Named as torch names its own."""


def test_batches_are_halved_when_memory_runs_out_and_keep_their_order():
    sizes = []

    def work(batch):
        sizes.append(len(batch))
        if len(batch) > 2:
            raise OutOfMemoryError
        return np.asarray(batch) * 10

    results = np.concatenate(devices.run_batched(work, list(range(7)), 8))
    assert results.tolist() == [0, 10, 20, 30, 40, 50, 60]
    assert sizes[:3] == [7, 4, 2]


def test_the_last_resort_is_the_cpu_once():
    moved = []

    def work(batch):
        if not moved:
            raise OutOfMemoryError
        return np.asarray(batch)

    assert np.concatenate(devices.run_batched(work, [1, 2], 2, lambda: moved.append(1))).tolist() == [1, 2]
    with pytest.raises(OutOfMemoryError):
        devices.run_batched(lambda _: (_ for _ in ()).throw(OutOfMemoryError()), [1], 1)
    with pytest.raises(RuntimeError, match="other"):
        devices.run_batched(lambda _: (_ for _ in ()).throw(RuntimeError("other")), [1], 4)


@pytest.mark.parametrize(
    ("text", "logprob", "kept"),
    [("hello there", -0.4, True), ("!!!", -0.1, False), ("a", -0.1, False), ("5", -0.1, True), ("好", -0.1, True),
     ("hello", -1.3, False), ("aaaaaaaa", -0.1, False), ("ha " * 60, -0.1, False)],
)  # fmt: skip
def test_guards_by_text_and_probability(text, logprob, kept):
    assert is_plausible(text, 0, 2, logprob, [(0, 2)]) == kept


def test_guards_by_voice():
    assert not is_plausible("thank you for watching", 0, 10, -0.3, [(0, 1.9)])
    assert is_plausible("thank you for watching", 0, 10, -0.3, [(0, 2.0)])
    assert speech_share(1, 1, [(0, 5)]) == 0
    assert compression_ratio("") == 0


def test_weights_of_another_hash_are_refused(tmp_path):
    settings = Settings(data=tmp_path)
    weights = Weights(settings)
    path = settings.weights_dir / manifest.weight("places365-names").file
    with pytest.raises(WeightsUnavailableError, match="weights fetch"):
        weights.path("places365-names")
    path.parent.mkdir(parents=True)
    path.write_text("not the names")
    with pytest.raises(WeightsMismatchError, match="refused"):
        weights.path("places365-names")
    with pytest.raises(WeightsMismatchError):
        weights.load_pickled("places365-names")
    with pytest.raises(UnknownModelError, match="whisper-base"):
        weights.path("gpt-9")


def test_a_mirror_with_other_bytes_is_refused_and_the_old_file_kept(tmp_path):
    settings = Settings(data=tmp_path / "d", mirror=tmp_path / "mirror")
    name = manifest.weight("places365-names").file
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / name).write_text("evil")
    old = settings.weights_dir / name
    old.parent.mkdir(parents=True)
    old.write_text("old")
    with pytest.raises(WeightsMismatchError):
        fetch.fetch(settings, ["places365-names"])
    assert old.read_text() == "old"
    assert sorted(p.name for p in settings.weights_dir.iterdir() if p.suffix != ".json") == [".lock", name]


def test_a_mirror_with_the_right_bytes_needs_no_network(tmp_path, weights_dir, monkeypatch):
    settings = Settings(data=tmp_path / "d", mirror=weights_dir)
    monkeypatch.setattr(fetch.subprocess, "run", lambda *_, **__: pytest.fail("asked the network"))
    assert fetch.fetch(settings, ["places365-names"]) == ["places365-names"]
    assert fetch.fetch(settings, ["places365-names"]) == []
    assert Weights(settings).path("places365-names").exists()


def test_a_carrier_that_cannot_be_had_is_one_sentence(tmp_path, monkeypatch):
    import subprocess

    failed = subprocess.CompletedProcess([], 1, "", "no network")
    monkeypatch.setattr(fetch.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(WeightsUnavailableError, match="connect to a network"):
        fetch.fetch(Settings(data=tmp_path), ["places365-names"])


def test_the_embedded_profile_is_complete_in_the_manifest():
    names = {w.name for w in manifest.profile_weights()}
    assert {"whisper-base", "clip-vit-b16-image-int8", "qwen2.5-coder-0.5b", "places365-wideresnet18"} <= names
    assert all(len(w.sha256) == 64 and w.parts for w in manifest.manifest().values())


def test_importing_the_engine_imports_neither_torch_nor_transformers():
    import subprocess
    import sys

    code = "import sys, avrec.engine; print([m for m in ('torch', 'transformers', 'open_clip') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_missing_weights_are_named_on_the_cards(tmp_path):
    cards = {c.task: c for c in Models(Settings(data=tmp_path)).cards()}
    assert not cards["transcriber"].available
    assert "weights fetch" in cards["transcriber"].reason
    with pytest.raises(UnknownModelError):
        Models(Settings(data=tmp_path)).get("smell")


def test_statistics_of_known_sounds():
    tone = spectrum.spectrogram(make_sound("tone", 2))
    noise = spectrum.spectrogram(make_sound("noise", 2))
    assert spectrum.centroid_hz(tone) == pytest.approx(440, rel=0.1)
    assert spectrum.flatness(noise) > 0.85
    assert spectrum.flatness(tone) < 0.01
    assert spectrum.level_db(make_sound("tone", 1)) == pytest.approx(20 * np.log10(0.3 / 2**0.5), abs=0.1)
    assert spectrum.level_db(np.zeros(100)) == -96
    beats = spectrum.onset_rate(spectrum.spectrogram(make_sound("beeps", 10)))
    assert 40 < beats < 140
    found = spectrum.describe_sound(make_sound("beeps", 4), (Segment(0, 2), Segment(2, 4)))
    assert all(0 <= a.score <= 1 for a in found)
    assert {a.details["unit"] for a in found} == {"dBFS", "Hz", "", "per minute"}


def test_composed_captions_are_modest():
    assert compose_caption([], []) == "Nothing recognised with confidence."
    assert compose_caption([("beach", 0.8)], [("umbrella", 0.3)]) == "A beach with perhaps an umbrella."
    assert compose_caption([], [("espresso", 0.9)]) == "An espresso."
    assert compose_caption([("launchpad", 0.3)], [("missile", 0.4)], outdoor=0.95) == (
        "Outdoors, perhaps a launchpad, with perhaps a missile."
    )
    assert compose_caption([], [], outdoor=0.1) == "Indoors."
    assert compose_caption([], [], outdoor=0.6) == "Nothing recognised with confidence."
    assert compose_caption([("beach", 0.8)], [], outdoor=0.99) == "A beach."
    assert compose_caption([], [("cat", 0.9)], text="SALE") == "A cat. Text on screen: “SALE”."
    assert compose_caption([], [], text="SALE") == "Text on screen: “SALE”."
    assert scene_label("/b/bow_window/indoor") == "bow window, indoor"


def test_the_map_finds_pictures_of_names_that_it_never_saw(weights_dir):
    """A part of the shipped drawings: fitted on most names, tried on the rest, 32 at a time."""
    from pathlib import Path

    from avrec.models.sentences import UniversalSentenceEncoder

    with np.load(Path(__file__).with_name("named_pictures_sample.npz")) as file:
        vectors, styles, names = file["vectors"].astype(float), file["styles"], file["names"]
    distinct = sorted(set(names.tolist()))
    encoded = dict(zip(distinct, UniversalSentenceEncoder().encode(distinct), strict=True))
    texts = np.stack([encoded[name] for name in names])
    held = np.isin(names, np.random.default_rng(0).permutation(distinct)[: len(distinct) // 5])
    fit = fit_picture_map(vectors[~held], styles[~held], texts[~held])
    rng, right = np.random.default_rng(1), []
    pool = np.flatnonzero(held)
    for _ in range(20):
        chosen = rng.permutation(pool)
        chosen = chosen[np.unique(names[chosen], return_index=True)[1]][:32]
        scores = fit.texts(texts[chosen]) @ fit.pictures(vectors[chosen]).T
        right.append((scores.argmax(axis=1) == np.arange(len(chosen))).mean())
    assert np.mean(right) > 0.4, "chance is .03"


def test_hours_of_sound_are_encoded_a_few_minutes_at_a_time_and_give_the_same():
    """Parts begin and end where the encoder's windows do."""
    from light import LightSound

    from avrec.models.sound import encode_segments, pool

    class Windowed(LightSound):
        lengths: ClassVar[list[int]] = []

        def encode(self, audio):
            self.lengths.append(len(audio))
            pieces = [super(Windowed, self).encode(audio[i : i + 480_000])[0] for i in range(0, len(audio), 480_000)]
            return np.concatenate(pieces), 0.02

    sound = np.random.default_rng(4).normal(0, 0.1, 16_000 * 905).astype(np.float32)
    segments = [Segment(a, min(a + 7.0, 905.0)) for a in np.arange(0, 905, 7.0)]
    rows = encode_segments(Windowed(), sound, segments)
    assert max(Windowed.lengths) <= 16_000 * 360
    whole = pool(*LightSound().encode(sound), segments, sound)
    assert np.abs(rows - whole).max() < 1e-4
