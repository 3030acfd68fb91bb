"""Fixtures shared by all tests. Nothing here imports torch."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from light import LightModels

from avrec.config import REPOSITORY, Settings
from avrec.engine import Engine

SIX = ("talk_rocket.mp4", "rocket_launch.mp4", "talk_cat.mp4", "jfk_inaugural.mp3", "birds.mp3", "city_night.mp4")


@pytest.fixture(scope="session")
def starter_dir() -> Path:
    """The demo clips, with `starter.csv`."""
    return REPOSITORY / "assets" / "starter"


@pytest.fixture(scope="session")
def weights_dir() -> Path:
    """The verified real weights; the test is skipped where `make setup` has not fetched them."""
    directory = Settings().weights_dir
    if not (directory / "derived" / "qwen2.5-coder-0.5b.made.json").exists():
        if os.environ.get("CI"):
            pytest.fail("the weights are missing in CI: `python -m avrec weights fetch` did not run")
        pytest.skip("real weights are not on this machine; run `make setup`")
    return directory


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A new, empty data directory without the demo."""
    return Settings(data=tmp_path / "data", demo=False, weights=Settings().weights_dir)


@pytest.fixture
def engine(settings: Settings):
    """An engine with light models: real store, real queue, real decoding."""
    made = Engine(settings, models=LightModels())
    yield made
    made.close()


@pytest.fixture(scope="session")
def real_engine(tmp_path_factory, weights_dir: Path, starter_dir: Path):
    """Six demo clips, ingested once with the real models, with the simulated people."""
    from avrec.demo import SEED, demo_orders
    from avrec.recommend.simulate import simulate

    data = tmp_path_factory.mktemp("real")
    engine = Engine(Settings(data=data, demo=False, weights=weights_dir))
    orders = [order for order in demo_orders() if order.file_name in SIX]
    people, events = simulate([(o.sha256[:16], o.fields["subject"], o.fields["category"]) for o in demo_orders()], SEED)
    engine._interactions.add(events, people)
    jobs = engine.wait(engine._jobs.enqueue(orders))
    assert {job.state for job in jobs} == {"done"}, [job.reason for job in jobs]
    yield engine
    engine.close()
