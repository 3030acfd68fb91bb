"""Running out of memory: smaller batches, without other models, on the CPU, and in the end one sentence."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from avrec.config import Settings
from avrec.errors import NotEnoughMemoryError
from avrec.models import memory
from avrec.models.base import LazyModel
from avrec.models.catalogue import Models
from avrec.schemas import ModelCard

FRAMES = np.random.default_rng(0).integers(0, 255, (3, 40, 40, 3), dtype=np.uint8)
TEXTS = ["a cat", "rocket on the moon", "the cat sleeps on a rocket"]
SOUND = np.random.default_rng(0).normal(scale=0.1, size=32_000).astype(np.float32)


class OutOfMemoryError(RuntimeError):
    """Named as torch names its own."""


def onnx_error():
    from onnxruntime.capi.onnxruntime_pybind11_state import RuntimeException

    return RuntimeException("Non-zero status code: Failed to allocate memory for requested buffer of size 4194304")


ERRORS = {
    "torch on a GPU": lambda: OutOfMemoryError("CUDA out of memory."),
    "torch on a CPU": lambda: RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
    "numpy": lambda: np._core._exceptions._ArrayMemoryError((9,), np.dtype(float)),
    "python": MemoryError,
    "a mapped file": lambda: OSError(12, "Cannot allocate memory"),
    "CTranslate2": lambda: RuntimeError("mkl_malloc: failed to allocate memory"),
    "C++": lambda: RuntimeError("std::bad_alloc"),
    "onnxruntime": onnx_error,
}
# task -> (what of the model raises, its method, what that is asked, whether there are batches)
FAMILIES = {
    "image": ("encode_frames", "encode", FRAMES, True),
    "image_text": ("encode_texts", "encode", TEXTS, True),
    "captioner": ("_caption", "caption", FRAMES, True),
    "documents": ("_encode", "encode", TEXTS, True),
    "sentences": ("_encode", "encode", TEXTS, True),
    "scenes": ("_classify", "classify", FRAMES, True),
    "objects": ("_classify", "classify", FRAMES, True),
    "sound": ("_encode", "encode", SOUND, False),
    "transcriber": ("_recognise", "transcribe", SOUND, False),
}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Collecting garbage takes half a second in a process with torch."""
    monkeypatch.setattr("avrec.models.devices.give_back", lambda: None)


@pytest.fixture
def models(folder, tmp_path):
    return Models(Settings(data=tmp_path, models=folder, device="cpu"))


def rows(batch):
    """Stands in for a network: rows that depend on the items, and on nothing else in the batch."""
    return np.array([[float(len(str(item))), 1.0] for item in batch], np.float32)


def answer_of(task, items):
    return {"transcriber": ([], "en", 0.9), "sound": np.ones((4, 2), np.float32)}.get(
        task, [str(i.sum()) for i in items] if task == "captioner" else rows(items)
    )


def prepare(models, task, monkeypatch, fails, error=MemoryError):
    """The model with a network that fails so many times; sizes of the batches that it was asked for."""
    model, sizes = models.get(task), []
    inner = getattr(model, "_clip", model)
    inner._handle = (SimpleNamespace(to=lambda _: SimpleNamespace(float=lambda: None)), None)
    if task == "transcriber":
        monkeypatch.setattr("avrec.models.speech.speech_stretches", lambda *_, **__: [(0.0, 2.0)])

    def work(items, *_):
        sizes.append(len(items))
        if len(sizes) <= fails:
            raise error()
        return answer_of(task, items)

    monkeypatch.setattr(inner, FAMILIES[task][0], work)
    monkeypatch.setattr(model, "dim", 2, raising=False)
    if task == "objects":
        monkeypatch.setattr(model, "_labels", ("a", "b"))
    return model, inner, sizes


def tries_at_all_sizes(model, task):
    """How often a call is tried until its batch cannot be halved any more."""
    if not FAMILIES[task][3]:
        return 1
    return len(bin(getattr(model, "_clip", model)._batch)) - 2


def ask(model, task):
    return getattr(model, FAMILIES[task][1])(FAMILIES[task][2])


def same(task, found, expected):
    if task in ("captioner", "transcriber"):
        return found == expected
    pairs = zip(found, expected, strict=True) if task == "sound" else ((found, expected),)
    return all(np.allclose(a, b) for a, b in pairs)


@pytest.mark.parametrize("task", FAMILIES)
def test_every_model_goes_on_with_less_and_gives_the_same(models, task, monkeypatch):
    model, _, sizes = prepare(models, task, monkeypatch, 0)
    expected = ask(model, task)
    others, most = [], tries_at_all_sizes(models.get(task), task)
    for fails in range(1, most + 1):
        model, inner, sizes = prepare(models, task, monkeypatch, fails)
        inner.make_room = lambda: others.append(1)
        assert same(task, ask(model, task), expected)
        assert sizes[: fails + 1] == sorted(sizes[: fails + 1], reverse=True)
        assert bool(others) == (fails == most), "other models have to make room only when the smallest batch fails"
    assert len(others) == 1


@pytest.mark.parametrize("task", FAMILIES)
def test_what_does_not_fit_at_all_is_one_sentence(models, task, monkeypatch):
    model, _, _ = prepare(models, task, monkeypatch, 10**9)
    with pytest.raises(NotEnoughMemoryError, match="not enough memory for") as caught:
        ask(model, task)
    assert str(caught.value).endswith("then retry.")


@pytest.mark.parametrize("task", FAMILIES)
def test_on_a_gpu_the_last_resort_is_the_cpu(models, task, monkeypatch):
    model, inner, _ = prepare(models, task, monkeypatch, 0)
    expected = ask(model, task)
    fails = tries_at_all_sizes(model, task) + 1  # and once without other models
    model, inner, _ = prepare(models, task, monkeypatch, fails, OutOfMemoryError)
    inner.card = replace(inner.card, device="cuda", dtype="float16")
    assert same(task, ask(model, task), expected)
    assert (inner.card.device, inner.card.dtype) == ("cpu", "float32")


def test_the_sentence_encoder_in_numpy_goes_on_with_fewer_texts():
    from avrec.models.sentences import UniversalSentenceEncoder

    encoder, sizes = UniversalSentenceEncoder(), []

    def work(texts):
        sizes.append(len(texts))
        if len(texts) > 1:
            raise MemoryError
        return rows(texts)

    encoder._handle, encoder.dim = work, 2
    found = encoder.encode([*TEXTS, ""])
    assert sizes == [3, 1, 1, 1]
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), [1, 1, 1, 0], atol=1e-6)


@pytest.mark.parametrize("kind", ERRORS)
def test_every_library_says_it_in_its_own_way(kind):
    assert memory.is_out_of_memory(ERRORS[kind]())


def test_other_errors_are_not_taken_for_it():
    for error in (RuntimeError("shapes do not match"), OSError(2, "no such file"), ValueError("out of memory")):
        assert not memory.is_out_of_memory(error)


class Tiny(LazyModel):
    """A model of so many bytes that can fail while it loads."""

    def __init__(self, task="documents", fails=0, bytes_=10**9):
        super().__init__()
        self.card = ModelCard(task, f"tiny {task}", "1", "tests", "none", memory_bytes=bytes_)
        self.fails, self.loads = fails, 0

    def _load(self):
        self.loads += 1
        if self.loads <= self.fails:
            raise MemoryError
        return object()


def test_a_model_that_does_not_fit_beside_others_is_loaded_without_them(tmp_path):
    models = Models(Settings(data=tmp_path))
    big, other = Tiny(fails=1), Tiny("sound")
    models._made = {"documents": big, "sound": other}
    for model in (big, other):
        models._prepare(model)
    assert other.handle
    assert big.handle
    assert big.loads == 2
    assert not other.loaded
    hopeless = Tiny(fails=99)
    models._prepare(hopeless)
    with pytest.raises(NotEnoughMemoryError):
        _ = hopeless.handle
    assert hopeless.loads == 2


def test_a_model_at_work_is_neither_unloaded_nor_waited_for(tmp_path):
    import threading

    models = Models(Settings(data=tmp_path))
    busy, idle = Tiny("documents"), Tiny("sound")
    models._made = {"documents": busy, "sound": idle}
    assert busy.handle
    assert idle.handle
    at_work, enough = threading.Event(), threading.Event()

    def work():
        with busy.predict_lock:
            at_work.set()
            enough.wait(10)

    thread = threading.Thread(target=work)
    thread.start()
    at_work.wait(10)
    assert models.unload_others() == ["sound"]
    assert models.unload_idle(0) == []
    assert busy.loaded
    enough.set()
    thread.join()
    assert models.unload_others(60) == [], "it was used just now"
    assert models.unload_others() == ["documents"]


def test_models_are_unloaded_when_memory_is_short(tmp_path, monkeypatch):
    models = Models(Settings(data=tmp_path))
    old, new = Tiny("documents"), Tiny("sound")
    models._made = {"documents": old, "sound": new}
    assert old.handle
    assert new.handle
    old.last_used -= 60
    assert memory.relieve(models, low=0) == []
    monkeypatch.setattr(memory, "available_bytes", lambda: memory.LOW_BYTES - 1)
    assert memory.relieve(models) == ["documents"]
    assert new.loaded


def test_what_a_container_may_take_counts(tmp_path, monkeypatch):
    import psutil

    machine = psutil.virtual_memory().available
    assert 0 < memory.available_bytes() <= machine * 1.1
    group = tmp_path / "app"
    group.mkdir()
    (group / "memory.max").write_text("1000000\n")
    (group / "memory.current").write_text("900000\n")
    (group / "memory.stat").write_text("anon 5\ninactive_file 50000\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert memory._left(tmp_path, "/app", "memory.max", "memory.current", "inactive_file") == [150_000]
    monkeypatch.setattr(memory, "_left_in_cgroups", lambda: [150_000])
    assert memory.available_bytes() == 150_000
