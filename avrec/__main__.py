"""Command line: the same Engine, for scripts and checks.

`--json` prints one JSON document on stdout and nothing else there; logs go to stderr. Exit status 0, or 1 with a
one-line reason on stderr.
"""

import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from avrec import cli_output as output
from avrec.cli_evaluate import evaluate
from avrec.cli_ingest import ingest
from avrec.cli_keep import backup, doctor, restore
from avrec.cli_queue import queue_app
from avrec.cli_weights import weights_app
from avrec.config import FAULTS, REPOSITORY, Settings, fault
from avrec.engine import Engine
from avrec.errors import AvrecError, InvalidInputError
from avrec.ingest.model_versions import RERUN_STAGES
from avrec.models.allocator import keep_large_blocks

app = typer.Typer(
    help="What is in a clip, who would like it, why, and how we know.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(weights_app, name="weights")
app.add_typer(queue_app, name="queue")
app.command()(ingest)
app.command()(evaluate)
app.command()(backup)
app.command()(restore)
app.command()(doctor)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
K = Annotated[int, typer.Option("-k", min=1, max=10_000, help="How many.")]
Weights = Annotated[str | None, typer.Option(help="A preset, or modality=multiplier,...; unnamed ones are 0.")]


@app.command()
def clips(as_json: Json = False) -> None:
    """List the library."""
    rows = [output.clip_row(clip) for clip in Engine().clips()]
    output.show(rows, as_json, ("clip_id", "duration", "language", "category", "modalities", "title"))


@app.command()
def clip(clip_id: str, as_json: Json = False) -> None:
    """Show everything found in a clip, with the model behind each item."""
    engine = Engine()
    output.show(output.clip_document(engine, clip_id), as_json)


@app.command()
def record(
    user: str,
    clip_id: str,
    event: str,
    value: Annotated[float | None, typer.Argument()] = None,
    text: Annotated[str, typer.Option(help="What a comment says, or was searched for (then CLIP_ID is '-').")] = "",
    as_json: Json = False,
) -> None:
    """Store one event; a new user id is created."""
    made = Engine().record(user, clip_id, event, value, text)
    fields = ("user_id", "clip_id", "event", "value", "at", "text")
    output.show({name: getattr(made, name) for name in fields}, as_json)


@app.command("import")
def import_csv(path: Path, as_json: Json = False) -> None:
    """Import interactions from CSV (user_id, clip_id, event, value, datetime)."""
    if not path.is_file():
        raise InvalidInputError(path.name, "there is no such file")
    report = Engine().import_interactions(path)
    rejected = [{"line": line, "reason": reason} for line, reason in report.rejected]
    output.show({"kept": report.kept, "rejected": rejected}, as_json)


@app.command()
def algorithms(as_json: Json = False) -> None:
    """List the recommenders."""
    rows = [{"name": n, "title": t, "ledger": e} for n, t, e in Engine().algorithms()]
    output.show(rows, as_json, ("name", "title", "ledger"))


@app.command()
def recommend(
    user: str,
    k: K = 20,
    algorithm: str = "hybrid",
    weights: Weights = None,
    diversity: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="Default: the person's wish, or 0.2.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Rank clips for a person."""
    engine = Engine()
    ranked = engine.recommend(user, k, algorithm=algorithm, weights=output.parse_weights(weights), diversity=diversity)
    output.show(output.ranked_document(ranked, {"user_id": user, "algorithm": ranked.algorithm}), as_json)


@app.command("new-person")
def new_person(
    sentence: Annotated[str, typer.Argument(help="What they say of themself.")] = "",
    like: Annotated[list[str] | None, typer.Option(help="A clip's id; may be repeated.")] = None,
    user: Annotated[str, typer.Option(help="Their id; a pseudonym is drawn where it is empty.")] = "",
    as_json: Json = False,
) -> None:
    """Make a person from one sentence, or from some likes."""
    made = Engine().new_person(user, sentence=sentence, likes=like or ())
    output.show({"user_id": made.user_id, "events": made.events, "profile": sentence}, as_json)


@app.command()
def similar(clip_id: str, k: K = 10, weights: Weights = None, as_json: Json = False) -> None:
    """More like this clip."""
    ranked = Engine().similar(clip_id, k, weights=output.parse_weights(weights))
    output.show(output.ranked_document(ranked, {"clip_id": clip_id, "algorithm": ranked.algorithm}), as_json)


@app.command()
def audience(clip_id: str, k: K = 10, as_json: Json = False) -> None:
    """Who would get this clip in their top k."""
    fields = ("user_id", "rank", "score", "reason")
    people = [{name: getattr(member, name) for name in fields} for member in Engine().audience(clip_id, k)]
    output.show({"clip_id": clip_id, "people": people}, as_json)


@app.command()
def search(
    text: Annotated[str | None, typer.Argument(help="Words.")] = None,
    image: Path | None = None,
    clip: Annotated[str | None, typer.Option(help="A clip's id.")] = None,
    k: K = 10,
    as_json: Json = False,
) -> None:
    """Find moments by words, picture or clip."""
    given = [value for value in (text, image, clip) if value is not None]
    if len(given) != 1:
        raise InvalidInputError("Search", "give words, --image or --clip, one of them")
    engine = Engine()
    moments = engine.search(text, image=image, clip_id=clip, k=k)
    fields = ("rank", "clip_id", "start", "end", "score", "percentile", "modalities", "text")
    rows = [{name: getattr(moment, name) for name in fields} for moment in moments]
    left_out = engine.search_gaps() if text is not None else []
    output.show({"query": str(given[0]), "moments": rows, "left_out": left_out}, as_json)


@app.command()
def rerun(
    stage: Annotated[str, typer.Argument(help=" | ".join(RERUN_STAGES))],
    clip_ids: Annotated[list[str] | None, typer.Argument(help="Clips; by default all.")] = None,
    stale: Annotated[bool, typer.Option("--stale", help="Only clips that the present models have not seen.")] = False,
    as_json: Json = False,
) -> None:
    """Run one stage again with the present models, and wait; the old results serve until it is done."""
    engine = Engine()
    job = engine.wait([engine.rerun_stage(stage, clip_ids or None, stale=stale).job_id])[0]
    row = {"job": job.job_id, "stage": stage, "status": job.state, "found": job.found, "reason": job.reason}
    output.show(row | {"stale": engine.stale_stages()}, as_json)
    engine.close()
    if job.state != "done":
        raise typer.Exit(1)


@app.command()
def serve(
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8501,
    address: Annotated[
        str, typer.Option(help="Where to listen; any other than this machine's own needs a login.")
    ] = "",
    everybody: Annotated[
        bool, typer.Option("--open", help="Listen elsewhere without a login. Mind who is there.")
    ] = False,
) -> None:
    """Start the app, on 127.0.0.1 unless told otherwise."""
    from avrec.serve import serve_app

    given = {"address": address} if address else {}
    serve_app(Settings(**given, **({"open": True} if everybody else {})), port, REPOSITORY)


def main() -> None:
    """Run the command line; a domain error is one line on stderr."""
    keep_large_blocks()
    logging.basicConfig(stream=sys.stderr, level=os.environ.get("AVREC_LOG", "WARNING").upper())
    try:
        app()
    except AvrecError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    except FAULTS as error:
        print(fault(error), file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(1)
    except Exception as error:
        logging.getLogger("avrec").debug("the command failed", exc_info=True)
        print(output.unexpected(error), file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
