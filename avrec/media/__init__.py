"""Untrusted bytes in, frames, sound, proxy and segments out; decoding happens in a limited child process."""

from typing import Any

__all__ = ["Decoded", "decode", "load_decoded", "load_sound"]


def __getattr__(name: str) -> Any:
    # The decoding child is part of this package and starts for every file: it must not import the parent's side.
    if name == "decode":
        from avrec.media.process import decode

        return decode
    if name in __all__:
        from avrec.media import decode_result

        return getattr(decode_result, name)
    raise AttributeError(name)
