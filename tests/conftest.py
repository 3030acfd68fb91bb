"""Fixtures shared by all tests. Nothing here imports torch."""

import os
from pathlib import Path

import pytest

from avrec.config import REPOSITORY, Settings


@pytest.fixture(scope="session")
def starter_dir() -> Path:
    """The demo clips, with `starter.csv`."""
    return REPOSITORY / "assets" / "starter"


@pytest.fixture(scope="session")
def weights_dir() -> Path:
    """The verified real weights; the test is skipped where `make setup` has not fetched them."""
    directory = Settings().weights_dir
    if not (directory / "whisper-base" / "model.bin").exists():
        if os.environ.get("CI"):
            pytest.fail("the weights are missing in CI: `python -m avrec weights fetch` did not run")
        pytest.skip("real weights are not on this machine; run `make setup`")
    return directory
