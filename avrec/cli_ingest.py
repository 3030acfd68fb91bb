"""`avrec ingest`: every file named gets an answer; of a folder, those that look like media by name."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from avrec import cli_output as output
from avrec.engine import Engine
from avrec.errors import AvrecError, UnsupportedMediaError
from avrec.ingest.intake import check_regular, display_name, media_files
from avrec.schemas import PRESETS


def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Files or folders.")],
    title: Annotated[str, typer.Option(help="Title, for a single file.")] = "",
    preset: Annotated[str, typer.Option(help=" | ".join(PRESETS))] = "balanced",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Take files in and wait until they are understood."""
    engine = Engine()
    results = [_order(engine, path, title, preset) for given in paths for path in _files(given)]
    ended = {job.job_id: job for job in engine.wait([r["job"] for r in results if "job" in r])}
    rows = [output.ingest_row(result, ended.get(result.pop("job", ""))) for result in results]
    engine.close()
    output.show(rows, as_json, ("status", "clip_id", "seconds", "path", "reason"))
    if rows and all(row["status"] == "failed" for row in rows):
        raise typer.Exit(1)


def _files(given: Path) -> list[Path]:
    """The media in a folder; a file, or a folder without any, stands for itself."""
    return (media_files(given) or [given]) if os.path.isdir(given) else [given]


def _order(engine: Engine, path: Path, title: str, preset: str) -> dict[str, Any]:
    """Queue one file: the row of the answer, with its job or the reason why there is none."""
    name = display_name(path.name)
    try:
        if os.path.isdir(path):
            raise UnsupportedMediaError(name, "this folder holds no file that looks like audio or video")
        check_regular(path, name)  # opening a pipe would wait for a writer
        with path.open("rb") as stream:
            return {"path": str(path), "job": engine.add_file(stream, path.name, title=title, preset=preset).job_id}
    except OSError:
        error: AvrecError = UnsupportedMediaError(name, "it cannot be read", "Allow reading it, then add it again.")
    except AvrecError as refused:
        error = refused
    return {"path": str(path), "status": "failed", "reason": str(error)}
