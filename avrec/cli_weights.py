"""`avrec weights`: fetch, verify and list the real weights."""

import json
import sys
from typing import Annotated, Any

import typer

from avrec.config import Settings
from avrec.models.manifest import manifest
from avrec.models.weights import Weights

weights_app = typer.Typer(help="Fetch, verify and list model weights.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@weights_app.command("fetch")
def fetch_weights(
    names: Annotated[list[str] | None, typer.Argument(help="Names; by default the embedded profile's.")] = None,
    as_json: Json = False,
) -> None:
    """Fetch what is missing, verify it, and prepare it once."""
    from avrec.models.fetch import fetch

    settings = Settings()
    fetched = fetch(settings, names or None, lambda line: print(line, file=sys.stderr, flush=True))
    print(f"{len(fetched)} fetched or prepared; all verified", file=sys.stderr)
    if as_json:
        typer.echo(json.dumps(_rows(settings, names)))


@weights_app.command("verify")
def verify_weights(as_json: Json = False) -> None:
    """Hash every weight that is here again; exit status 1 when one is wrong or missing."""
    from avrec.models.verify import verify

    found = verify(Weights(Settings()), again=True)
    good = not any(reason for _, reason in found)
    rows = [{"name": name, "ok": not reason, "reason": reason} for name, reason in found]
    if as_json:
        typer.echo(json.dumps(rows))
    else:
        for row in rows:
            typer.echo(f"{'ok ' if row['ok'] else 'BAD'} {row['name']} {row['reason']}")
    if not good:
        raise typer.Exit(1)


@weights_app.command("list")
def list_weights(as_json: Json = False) -> None:
    """List every weight of the manifest."""
    rows = _rows(Settings())
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        state = "here" if row["present"] else "-"
        typer.echo(f"{state:5}{row['name']:30}{row['bytes'] / 1e6:8.1f} MB  {row['licence']}")


def _rows(settings: Settings, names: list[str] | None = None) -> list[dict[str, Any]]:
    weights = Weights(settings)
    return [
        {
            "name": entry.name,
            "task": entry.task,
            "model": entry.upstream,
            "source": "package carrier: " + ", ".join(dict.fromkeys(part.package for part in entry.parts)),
            "sha256": entry.sha256,
            "licence": entry.licence,
            "bytes": entry.bytes,
            "present": weights.find(entry) is not None,
        }
        for entry in manifest().values()
        if not names or entry.name in names
    ]
