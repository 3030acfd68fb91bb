"""On a GPU only: the same vectors as on the CPU, within a tolerance."""

import numpy as np
import pytest

from avrec.config import Settings
from avrec.models.catalogue import Models
from avrec.models.devices import choose_device

pytestmark = [pytest.mark.gpu, pytest.mark.models]


@pytest.fixture(scope="module")
def pair(weights_dir, tmp_path_factory):
    if choose_device() != "cuda":
        pytest.skip("no CUDA device on this machine")
    data = tmp_path_factory.mktemp("gpu")
    return [Models(Settings(data=data, weights=weights_dir, device=device)) for device in ("cpu", "cuda")]


def test_pictures_and_documents_agree_between_cpu_and_gpu(pair):
    frames = np.random.default_rng(0).integers(0, 255, (9, 224, 224, 3), dtype=np.uint8)
    for task, items in (("image", frames), ("documents", ["a rocket launch", "我喜欢宇宙"])):
        cpu, gpu = (models.get(task).encode(items) for models in pair)
        assert ((cpu * gpu).sum(axis=1) > 0.99).all()
        assert pair[1].get(task).card.device == "cuda"


def test_whisper_runs_in_half_precision(pair, starter_dir, tmp_path):
    from avrec.media import decode, load_sound

    decode(starter_dir / "jfk_inaugural.mp3", tmp_path / "out", name="jfk")
    found = pair[1].transcriber.transcribe(np.array(load_sound(tmp_path / "out")))
    assert "country" in " ".join(line.text for line in found.lines)
    assert pair[1].transcriber.card.dtype == "float16"
