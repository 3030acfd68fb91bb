"""The layers hold: one-way data flow, small modules, one package that knows streamlit."""

import ast
from pathlib import Path

import pytest

import avrec
from avrec import errors
from avrec.config import PACKAGE, REPOSITORY

MODULES = sorted(PACKAGE.rglob("*.py"))
FACADE = (
    "engine",
    "serving",
    "people",
    "comparing",
    "proving",
    "library",
    "queueing",
    "mending",
    "renewing",
    "supervisor",
    "readiness",
)  # what `Engine` is put together from
COMMANDS = ("__main__", "cli_evaluate", "cli_ingest", "cli_keep", "cli_queue", "cli_weights", "cli_output")
FRONT = ("ui", *COMMANDS, "serve", "working")
SIDES = ("ingest", "media", "models", "store")  # what touches files, weights and the network
THINKING = ("recommend", "explain", "evaluate", "index")
PARTS = ("engine", "serving", "people", "comparing", "proving", "library", "supervisor")  # of the queue's sides
BELOW = {  # package or module -> what it must not import
    "errors": (*SIDES, *THINKING, "schemas", "config", *FACADE, *FRONT),
    "export": (*SIDES, *THINKING, "schemas", "config", *FACADE, *FRONT),
    "config": (*SIDES, *THINKING, "schemas", *FACADE, *FRONT),
    "schemas": (*SIDES, *THINKING, "config", *FACADE, *FRONT),
    "exposure": (*SIDES, *THINKING, "schemas", *FACADE, *FRONT),
    "spool": ("ingest", "media", "models", *THINKING, "schemas", *FACADE, *FRONT),
    "media": ("ingest", "models", *THINKING, *FACADE, *FRONT),
    "models": ("ingest", "media", *THINKING, *FACADE, *FRONT),
    "store": ("ingest", "media", "models", *THINKING, *FACADE, *FRONT),
    "ingest": (*THINKING, *FACADE, *FRONT),
    "recommend": (*SIDES, "evaluate", "index", *FACADE, *FRONT),
    "explain": (*SIDES, "evaluate", "index", *FACADE, *FRONT),
    "evaluate": (*SIDES, "index", *FACADE, *FRONT),
    "index": (*SIDES, "evaluate", *FACADE, *FRONT),
    "library": (*THINKING, "engine", "serving", "people", "comparing", "proving", *FRONT),
    "serving": ("ingest", "media", "engine", "people", "comparing", "proving", "library", *FRONT),
    "comparing": (*SIDES, "engine", "people", "proving", "library", *FRONT),
    "people": ("media", "engine", "comparing", "proving", "library", *FRONT),
    "proving": ("ingest", "media", "models", "engine", "people", "comparing", "library", *FRONT),
    "queueing": (*THINKING, *PARTS, *FRONT),
    "mending": (*THINKING, *PARTS, *FRONT),
    "renewing": (*THINKING, "media", *PARTS, *FRONT),
    "supervisor": (*THINKING, "media", "models", *FACADE[:-2], *FRONT),
    "readiness": (*SIDES, "engine", "people", "comparing", "proving", "library", "queueing", "supervisor", *FRONT),
    "engine": FRONT,
    "health": (*THINKING, *FACADE, *FRONT),
    "ui": ("media", "models", "store", "serving", "people", "comparing", "library", *FRONT[1:]),
}


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_module(path):
    names = imported(path)
    package = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for above in BELOW.get(package, ()):
        assert not any(n == f"avrec.{above}" or n.startswith(f"avrec.{above}.") for n in names), above
    if package != "ui":
        assert not any(name.split(".")[0] == "streamlit" for name in names)
    assert path.read_text(encoding="utf-8").count("\n") <= 400


def test_public_names():
    assert set(avrec.__all__) == {"Engine", "__version__", "schemas"}
    assert avrec.Engine.__name__ == "Engine"


def test_every_error_says_what_to_do():
    made = [
        errors.CorruptMediaError("a.mp4", "it is damaged"), errors.UnknownModelError("x", ["y"]),
        errors.WeightsUnavailableError("w"), errors.WeightsMismatchError("w", "a" * 64, "b" * 64),
        errors.NotFittedError("r"), errors.UnknownClipError("c"), errors.UnknownUserError("u"),
        errors.StoreError("The disk is full"), errors.JobCancelledError(),
    ]  # fmt: skip
    for error in made:
        assert isinstance(error, errors.AvrecError)
        assert str(error).endswith(".")
        assert len(str(error)) > 25


def test_nothing_depends_on_what_is_outside_the_repository():
    tracked = [*MODULES, *(REPOSITORY / "pages").glob("*.py"), REPOSITORY / "app.py", REPOSITORY / "Makefile"]
    for path in tracked:
        assert "../shared" not in path.read_text(encoding="utf-8")
