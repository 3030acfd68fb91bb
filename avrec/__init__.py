"""avrec: what is in a clip, who would like it, why, and how we know."""

from typing import Any

__version__ = "0.1.0"
__all__ = ["Engine", "__version__", "schemas"]


def __getattr__(name: str) -> Any:
    # The decoding child imports this package too, and must start without the engine.
    if name == "Engine":
        from avrec.engine import Engine

        return Engine
    if name == "schemas":
        import avrec.schemas as schemas

        return schemas
    raise AttributeError(name)
