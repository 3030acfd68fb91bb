"""Untrusted bytes in, frames, sound, proxy and segments out; decoding happens in a limited child process."""

from avrec.media.decode_result import Decoded, load_decoded, load_sound
from avrec.media.process import decode, extract_sound

__all__ = ["Decoded", "decode", "extract_sound", "load_decoded", "load_sound"]
