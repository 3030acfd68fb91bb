"""Settings of one avrec process, read once from the environment (prefix `AVREC_`)."""

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError

FAULTS = (ValidationError, SettingsError)  # what `Settings()` raises for a value that cannot be used

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGE = Path(__file__).resolve().parent


class Settings(BaseSettings):
    """Where data lives and which models may be used.

    Attributes:
        data: Data directory: database, originals, proxies, weights.
        profile: Which model set to use; "auto" takes `gpu` with CUDA, else `standard` when `models` or a
            hub cache holds its weights, else `embedded`.
        models: Local model folder, looked at before any download.
        weights: Folder of the fetched weights, so that several data directories can share them; below `data` if unset.
        mirror: Folder of weight files (laid out as in weights.toml) that stands in for the carriers.
        roots: Server folders below which clips may be added by path; none by default.
        database_url: SQLAlchemy URL; empty means SQLite below `data`.
        max_clip_mb: Largest accepted file, in MB.
        uploads_mb: How much all browsers together may have uploaded before it is taken in, in MB.
        address: Where the app listens. Any other than this machine's own needs a login, or `open`.
        open: Listen elsewhere without a login, which lets in everybody who reaches the address.
        hosts: Names, beside the address itself, under which browsers reach the app.
        logins: Who may log in: e-mail addresses, `@domain`s, or `*` for everybody whom the provider lets in.
        demo: Whether a new library starts with the demo clips and simulated people.
        device: "auto", "cpu" or "cuda".
        fault: `stage:n:kill|raise|enospc`, fault injection for tests.
    """

    model_config = SettingsConfigDict(env_prefix="AVREC_", extra="ignore")

    data: Path = Field(default_factory=lambda: Path.home() / ".local" / "share" / "avrec")
    profile: Literal["auto", "embedded", "standard", "gpu"] = "auto"
    models: Path | None = None
    mirror: Path | None = None
    weights: Path | None = None
    roots: list[Path] = []
    database_url: str = ""
    max_clip_mb: int = 500
    uploads_mb: int = 4_000
    address: str = "127.0.0.1"
    open: bool = False
    hosts: list[str] = []
    logins: list[str] = []
    demo: bool = True
    device: Literal["auto", "cpu", "cuda"] = "auto"
    fault: str = ""

    @property
    def weights_dir(self) -> Path:
        return self.weights or self.data / "weights"

    @property
    def clips_dir(self) -> Path:
        return self.data / "clips"

    @property
    def originals_dir(self) -> Path:
        return self.data / "originals"

    @property
    def uploads_dir(self) -> Path:
        return self.data / "uploads"

    @property
    def jobs_dir(self) -> Path:
        return self.data / "jobs"


def fault(error: Exception) -> str:
    """Say in a sentence which setting cannot be used, without its value or where it was read."""
    if isinstance(error, ValidationError):
        names = {f"AVREC_{str(part['loc'][0]).upper()}" for part in error.errors() if part["loc"]}
    else:
        names = {f"AVREC_{name.upper()}" for name in Settings.model_fields if f'"{name}"' in str(error)}
    which = " and ".join(sorted(names)) or "a variable that starts with AVREC_"
    return f'Settings: {which} cannot be used; lists are written as ["a", "b"], switches as 0 or 1.'
