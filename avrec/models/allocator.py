"""How the C library hands out large blocks of memory, for a process that runs models."""

import ctypes

# Options of glibc's mallopt(3).
TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8
KEPT_BYTES = 1 << 29


def keep_large_blocks() -> bool:
    """Have freed blocks of up to 512 MB reused instead of given back to the system at once.

    Whisper's encoder takes and frees 72 MB for every layer's attention. By default glibc maps such a block anew each
    time, and the kernel's clearing of its pages takes half of the encoder's time. Threads share one arena, since an
    arena of a thread's own cannot hold such a block; glibc takes that over only before the second thread of a process
    starts.

    Returns:
        Whether it was done; a C library without these options is left as it is.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    wanted = {ARENA_MAX: 1, MMAP_THRESHOLD: KEPT_BYTES, TRIM_THRESHOLD: KEPT_BYTES}
    taken = [mallopt(option, value) for option, value in wanted.items()]
    return all(taken)
