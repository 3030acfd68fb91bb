"""A small library with light models, made once a session; tests get copies of it."""

import shutil

import pytest
from light import LightModels, take_in

from avrec.config import Settings
from avrec.engine import Engine

TITLES = ("Red kite", "Blue kite", "Green tree")


@pytest.fixture(scope="session")
def three(tmp_path_factory):
    """A data directory with three clips, made once; the tests get copies."""
    folder = tmp_path_factory.mktemp("three")
    engine = Engine(Settings(data=folder / "data", demo=False), models=LightModels())
    ids = take_in(engine, folder, TITLES)
    engine.close()
    return folder / "data", ids


@pytest.fixture
def copied(three, tmp_path):
    shutil.copytree(three[0], tmp_path / "data")
    return tmp_path / "data", three[1]


@pytest.fixture
def made(copied):
    engine = Engine(Settings(data=copied[0], demo=False), models=LightModels())
    yield engine, copied[1]
    engine.close()
