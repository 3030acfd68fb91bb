"""`avrec evaluate`: which recommender ranks best, with intervals; the same run as the Evaluate page's."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from avrec import cli_output as output
from avrec.engine import Engine
from avrec.errors import InvalidInputError, StoreError
from avrec.export import csv_text

if TYPE_CHECKING:
    from avrec.evaluate.results import Evaluation


def evaluate(
    dataset: Annotated[
        str, typer.Option(help="demo (this library), ml-100k, ml-latest-small, or a CSV file.")
    ] = "demo",
    algorithms: Annotated[str, typer.Option(help="Names, with commas between; all by default.")] = "",
    protocol: Annotated[str, typer.Option(help="random | leave-one-out | temporal | k-fold")] = "random",
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="Places that count.")] = 10,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    minimum: Annotated[int, typer.Option(help="Least number of positives of a tested person.")] = 2,
    parts: Annotated[str, typer.Option(help="ablation,faithfulness,cold-start,curves; or none.")] = "",
    tune: Annotated[bool, typer.Option(help="Tune the hybrid's weights on the training side first.")] = False,
    export: Annotated[Path | None, typer.Option(help="Write FILE.csv or FILE.html.")] = None,
    again: Annotated[bool, typer.Option(help="Run even where a result is kept.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Compare recommenders on held-out positives, with intervals and paired tests."""
    from avrec.evaluate import findings, tables
    from avrec.evaluate.evaluation import PARTS, Spec
    from avrec.evaluate.protocols import Protocol

    if export is not None and export.suffix.lower() not in (".csv", ".html"):
        raise InvalidInputError(export.name, "the name must end in .csv or .html")
    told = PARTS if not parts else () if parts == "none" else _names(parts)
    cut = Protocol(protocol, seed=seed, minimum=minimum)
    spec = Spec(cut, _names(algorithms), k, told, auto=tune)
    where = dataset if dataset in ("demo", "ml-100k", "ml-latest-small") else str(Path(dataset).resolve())
    engine = Engine()
    try:
        found = engine.evaluate(where, spec, again=again)
    finally:
        engine.close()
    if export is not None:
        _export(found, export)
    if as_json:
        output.show(tables.document(found), True)
        return
    typer.echo(f"{found.dataset.title}. {found.protocol}. {found.dataset.note}".strip())
    typer.echo(f"{findings.headline(found)}. {findings.leader_words(found, found.metric)}.")
    rows = tables.summary(found, found.metric)
    output.show(rows, False, tuple(rows[0]) if rows else ())
    for row in found.rows:
        if row.error:
            typer.echo(f"{row.algorithm}: {row.error}")


def _names(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (part.strip() for part in text.split(","))))


def _export(found: "Evaluation", path: Path) -> None:
    from avrec.evaluate import report, tables

    text = report.html_report(found) if path.suffix.lower() == ".html" else csv_text(tables.leaderboard(found))
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError("The export cannot be written", "Choose another folder.") from error
