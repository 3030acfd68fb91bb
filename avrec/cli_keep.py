"""`avrec backup`, `avrec restore` and `avrec doctor`: what keeps a library safe, and what mends it."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from avrec import __version__
from avrec import cli_output as output
from avrec.config import Settings

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
WIDTH = 60


def backup(
    file: Annotated[Path, typer.Argument(help="Where it goes; replaced when the new one is whole.")],
    as_json: Json = False,
) -> None:
    """Copy the library to one file; the app may go on. Weights are left out."""
    from avrec.store.backup import back_up

    with _Line() as progress:
        report = back_up(Settings(), file, __version__, progress)
    document = {"file": str(report.path), "bytes": report.bytes, "clips": report.clips, "files": report.files}
    if as_json:
        output.show(document | {"missing": list(report.missing)}, True)
        return
    typer.echo(
        f"{report.clips} clip(s) in {report.files} files, {report.bytes / 1e6:.1f} MB, are kept in {report.path}."
    )
    _say_missing(report.missing)


def restore(file: Annotated[Path, typer.Argument(help="What `backup` wrote.")], as_json: Json = False) -> None:
    """Put a backup in the place of the library; the app may go on. What is there now is kept aside."""
    from avrec.store.restore import restore as put_back

    settings = Settings()
    with _Line() as progress:
        report = put_back(settings, file, progress)
    kept = str(settings.data / report.kept) if report.kept else ""
    document = {"file": str(file), "made_at": report.made_at, "clips": report.clips, "events": report.events}
    if as_json:
        document |= {"missing": list(report.missing), "kept": kept, "kept_bytes": report.kept_bytes}
        output.show(document, True)
        return
    typer.echo(f"The library of {report.made_at} is back: {report.clips} clip(s), {report.events} event(s).")
    if kept:
        typer.echo(f"What was there before is kept in {kept} ({report.kept_bytes / 1e6:.1f} MB); it can be deleted.")
    _say_missing(report.missing)


def doctor(
    repair: Annotated[
        bool, typer.Option("--repair", help="Put what can be read of a damaged database into a new one.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check store, disk and weights; mend what can be mended without a loss."""
    from avrec import health
    from avrec.engine import Engine
    from avrec.errors import StoreError

    settings, found = Settings(), []
    salvaged = health.repair_database(settings) if repair else None
    try:
        engine = Engine(settings)
    except StoreError as error:
        found = health.check_closed(settings, error)
    else:
        if repair:
            found = [("repair", True, _repaired(salvaged, engine.take_back() if salvaged else 0))]
        found += engine.doctor(wait=True)
        engine.close()
    rows = [{"check": name, "ok": ok, "message": message} for name, ok, message in found]
    output.show(rows, as_json, ("ok", "check", "message"))
    if not all(row["ok"] for row in rows):
        raise typer.Exit(1)


def _repaired(salvaged: str | None, queued: int) -> str:
    if salvaged is None:
        return "The database is sound; there was nothing to repair."
    words = f" {queued} original(s) without a clip are queued; start the app to have them taken in again."
    return salvaged + (words if queued else "")


def _say_missing(missing: tuple[str, ...]) -> None:
    if missing:
        names = ", ".join(missing[:5])
        typer.echo(f"{len(missing)} file(s) were gone when the backup was made ({names}); `doctor` makes them again.")


class _Line:
    """One progress line on stderr: redrawn on a terminal, else a line each quarter."""

    def __enter__(self) -> Callable[[float, str], None]:
        self._told, self._live = -1, sys.stderr.isatty()
        return self._tell

    def _tell(self, share: float, words: str) -> None:
        percent = int(100 * min(max(share, 0.0), 1.0))
        step = percent if self._live else percent // 25
        if step != self._told:
            self._told = step
            text = f"{percent:3d} % {words}"[:WIDTH].ljust(WIDTH)
            print(
                f"\r{text}" if self._live else text.rstrip(),
                end="" if self._live else "\n",
                file=sys.stderr,
                flush=True,
            )

    def __exit__(self, *_: object) -> None:
        if self._live:
            print("\r" + " " * WIDTH + "\r", end="", file=sys.stderr, flush=True)
