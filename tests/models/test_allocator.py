"""Large blocks are kept by a process that runs models; what frees and takes them again touches no new pages."""

import subprocess
import sys

import pytest

from avrec.config import REPOSITORY
from avrec.models.speech import Last

FAULTS = """
import resource, threading
from avrec.models.allocator import keep_large_blocks
if {keep}:
    assert keep_large_blocks()
import ctypes
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
def work():
    for _ in range(10):
        block = libc.malloc(72_000_000)
        ctypes.memset(block, 1, 72_000_000)
        libc.free(block)
thread = threading.Thread(target=work)
thread.start()
thread.join()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt * 4096 // 72_000_000)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="mallopt is glibc's")
def test_a_block_taken_again_is_not_mapped_again_in_a_thread_either():
    times = {}
    for keep in (True, False):
        code = FAULTS.format(keep=keep)
        done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
        times[keep] = int(done.stdout)
    assert times[True] <= 2, "its pages are touched for the first time once"
    assert times[True] < times[False]


def test_the_same_features_are_encoded_once():
    import numpy as np

    asked = []
    encode = Last(lambda array: asked.append(array.sum()) or array * 2)
    first, other = np.ones((2, 3)), np.zeros((2, 3))
    assert encode(first) is encode(first.copy())
    first[0, 0] = 5  # the caller's array may change in place
    assert encode(first)[0, 0] == 10
    assert np.array_equal(encode(other), other)
    assert len(asked) == 3
