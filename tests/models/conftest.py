"""Tiny models, saved once for all tests of this folder."""

import pytest
from tiny_models import save_all


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A whole model folder; whoever changes it takes a copy."""
    return save_all(tmp_path_factory.mktemp("models"))
