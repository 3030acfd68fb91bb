"""Memory: how much is left, what running out of it looks like in each library, and giving back what is free."""

import contextlib
import ctypes
import errno
import gc
import sys
from pathlib import Path
from typing import Any

LOW_BYTES = 1_500_000_000  # below this the next model may not fit: the largest takes 1.3 GB
JUST_NOW = 10.0  # seconds; a model used since is in the middle of something
CGROUPS = Path("/sys/fs/cgroup")
WORDS = (
    "out of memory", "allocate memory", "not enough memory", "unable to allocate", "bad allocation", "bad_alloc",
    "buffer_alloc",
)  # fmt: skip
FOREIGN = ("onnxruntime", "ctranslate2", "safetensors", "safetensors_rust")  # whose errors are no RuntimeErrors


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error of torch, numpy, onnxruntime, CTranslate2 or safetensors means that memory ran out."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    if isinstance(error, RuntimeError) or type(error).__module__.split(".")[0] in FOREIGN:
        text = str(error).lower()
        return any(words in text for words in WORDS)
    return False


def available_bytes() -> int:
    """Memory that can still be had: the machine's, or what the container may still take where that is less."""
    import psutil

    return min([psutil.virtual_memory().available, *_left_in_cgroups()])


def _left_in_cgroups() -> list[int]:
    """What the process's control group and those above it leave, version 2 or 1; page cache counts as free."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    left: list[int] = []
    for line in lines:
        _, controllers, name = line.split(":", 2)
        if controllers == "":
            left += _left(CGROUPS, name, "memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            files = "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
            left += _left(CGROUPS / "memory", name, *files)
    return left


def _left(root: Path, name: str, limit: str, used: str, cache: str) -> list[int]:
    found = []
    own = root / name.lstrip("/")
    for folder in (own, *own.parents):
        if not folder.is_relative_to(root):
            break
        with contextlib.suppress(OSError, ValueError):  # no such file here, or "max"
            most, taken = int((folder / limit).read_text()), int((folder / used).read_text())
            found.append(max(0, most - taken + _stat(folder / "memory.stat", cache)))
    return found


def _stat(path: Path, name: str) -> int:
    for line in path.read_text().splitlines():
        key, _, value = line.partition(" ")
        if key == name:
            return int(value)
    return 0


def relieve(models: Any, low: int = LOW_BYTES) -> list[str]:
    """Unload models that nobody uses just now when memory is short; one at work is not waited for.

    Args:
        models: A `avrec.models.catalogue.Models`.

    Returns:
        The tasks whose models were unloaded.
    """
    return models.unload_others(JUST_NOW) if available_bytes() < low else []


def give_back() -> None:
    """Return freed memory to the system: allocators keep it otherwise."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
    with contextlib.suppress(OSError, AttributeError):  # no glibc
        ctypes.CDLL("libc.so.6").malloc_trim(0)
