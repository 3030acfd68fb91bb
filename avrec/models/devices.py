"""Where models run: device and precision, and batches that survive running out of memory."""

import functools
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from avrec.models.memory import give_back, is_out_of_memory

log = logging.getLogger(__name__)


def choose_device(wish: str = "auto") -> str:
    """Return "cuda" when it is there and not ruled out, else "cpu"."""
    if wish == "cpu":
        return "cpu"
    return "cuda" if _cuda_available() else "cpu"


def _cuda_available() -> bool:
    # The driver's device node is a cheap first look: without it torch need not be imported to say no.
    if not Path("/dev/nvidiactl").exists() and not Path("/dev/dxg").exists():
        return False
    import torch

    return torch.cuda.is_available()


@functools.lru_cache(maxsize=1)
def cpu_has_bf16() -> bool:
    """Whether this CPU multiplies bfloat16 natively; elsewhere bf16 is slower than fp32."""
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def choose_dtype(device: str) -> str:
    """fp16 on a GPU, bf16 where the CPU has it, else fp32: a torch dtype's name."""
    if device == "cuda":
        return "float16"
    return "bfloat16" if cpu_has_bf16() else "float32"


def describe_device(wish: str = "auto") -> str:
    """Say in words what the models run on."""
    if choose_device(wish) == "cuda":
        import torch

        return torch.cuda.get_device_name(0)
    cores = len(os.sched_getaffinity(0))
    return f"CPU, {cores} core{'s' if cores != 1 else ''}; " + ("GPU ruled out" if wish == "cpu" else "no GPU found")


def run_batched(
    function: Callable[[Sequence[Any] | np.ndarray], np.ndarray],
    items: Sequence[Any] | np.ndarray,
    batch_size: int,
    to_cpu: Callable[[], None] | None = None,
    make_room: Callable[[], object] | None = None,
) -> list[np.ndarray]:
    """Apply `function` to items a batch at a time, keeping their order.

    Running out of memory halves the batch, down to 1; then other models make room once; then the model moves to the
    CPU once. What runs out after that is raised.

    Args:
        function: Takes a batch, returns one row per item.
        to_cpu: Moves the model; None where it is there.
        make_room: Unloads other models.

    Returns:
        The batches' results, in order.
    """
    results: list[np.ndarray] = []
    position = 0
    resorts = [(how, act) for how, act in (("without other models", make_room), ("on the CPU", to_cpu)) if act]
    while position < len(items):
        try:
            results.append(function(items[position : position + batch_size]))
            position += batch_size
            continue
        except Exception as error:
            if not is_out_of_memory(error) or (batch_size == 1 and not resorts):
                raise
        # Here the error is gone, and what its traceback held with it.
        give_back()
        if batch_size > 1:
            batch_size //= 2
            log.warning("out of memory: going on with batches of %d", batch_size)
        else:
            how, act = resorts.pop(0)
            log.warning("out of memory at batch size 1: going on %s", how)
            act()
    return results
