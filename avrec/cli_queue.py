"""Command line of the queue: what waits, pausing, watched folders."""

from pathlib import Path
from typing import Annotated

import typer

from avrec import cli_output as output
from avrec.engine import Engine

queue_app = typer.Typer(help="The queue: status, pause, resume, and folders that are watched.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@queue_app.command()
def status(as_json: Json = False) -> None:
    """Say how many jobs there are in each state, and for how long they will go on."""
    engine = Engine()
    left = engine.queue_seconds_left()
    output.show({"paused": engine.queue_paused, "seconds_left": left, **engine.queue_counts()}, as_json)


@queue_app.command()
def pause() -> None:
    """Hold files back; a stage in hand is finished first."""
    Engine().pause_queue()


@queue_app.command()
def resume() -> None:
    """Let the queue go on."""
    Engine().resume_queue()


@queue_app.command()
def watch(folder: Path, preset: str = "balanced") -> None:
    """Take in what a folder below AVREC_ROOTS holds, and whatever is put into it, while the app runs."""
    Engine().watch_folder(folder, preset=preset)


@queue_app.command()
def unwatch(folder: Path) -> None:
    """Watch a folder no longer; its clips stay."""
    Engine().unwatch_folder(str(folder.expanduser().resolve()))


@queue_app.command()
def watched(as_json: Json = False) -> None:
    """List the watched folders."""
    fields = ("path", "preset", "looked_at", "note")
    output.show([{f: getattr(one, f) for f in fields} for one in Engine().watched_folders()], as_json, fields)
