"""A model is exchanged under a running app: its worker's process runs the stage again while the app serves."""

import shutil
import time

import pytest
from tiny_models import save_language_model, save_sentence_encoder

from avrec.config import Settings
from avrec.engine import Engine


@pytest.mark.slow
@pytest.mark.models
def test_another_encoder_takes_over_once_all_of_it_is_there(real_engine, tmp_path):
    shutil.copytree(real_engine.settings.data, tmp_path / "data", ignore=shutil.ignore_patterns("weights"))
    save_sentence_encoder(tmp_path / "models" / "sentences")
    save_language_model(tmp_path / "models" / "llm")
    settings = Settings(
        data=tmp_path / "data", models=tmp_path / "models", weights=real_engine.settings.weights_dir, demo=False,
        device="cpu",
    )  # fmt: skip
    before = real_engine.search("a rocket on its launch pad")
    user = real_engine.people()[0].user_id
    app, seen = Engine(settings, start_worker=True), set()
    try:
        assert app.stale_stages() == {"text": 6}
        assert app.search("a rocket on its launch pad") == before, "by the models of the served vectors"
        deadline = time.monotonic() + 240
        while app.stale_stages():
            seen.add(tuple(app._clips.serving_versions()[m] for m in ("speech", "meaning")))
            assert app.search("rocket")
            assert app.recommend(user, 5).recommendations
            assert time.monotonic() < deadline, [(j.title, j.state, j.reason) for j in app.jobs()]
            time.sleep(0.3)
        assert len(seen) <= 2, "both modalities change together"
        assert "documents" not in app._models.loaded(), "the app itself loads no language model"
        (job,) = [job for job in app.jobs() if job.kind == "rerun"]
        assert job.found == "6 clips renewed"
        corpus = app._clips.corpus()
        assert corpus.vectors["meaning"].matrix.shape == (6, 32)
        assert app.search_gaps() == []
        assert app.search("rocket")
    finally:
        app.close()
