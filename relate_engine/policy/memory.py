"""Two words with glibc's allocator, where it is the one in use; elsewhere they do nothing.

Loading and drafting leave hundreds of megabytes of freed memory with the process: `release` gives them back
(375 MB after loading the default policy). Training frees and takes the same blocks at every step, and giving
them back costs page faults of seconds: `keep` holds on to them.
"""

import ctypes
import gc

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # malloc.h


def release() -> None:
    """Gives freed memory back to the system."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc only
    if trim is not None:
        trim(0)


def keep() -> None:
    """From here on freed memory stays with the process."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc only
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)
        mallopt(_M_MMAP_MAX, 0)
