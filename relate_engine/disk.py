"""What is written is on the disk before anything relies on it: files, and the folders that name them."""

import os
from pathlib import Path


def sync(*paths: Path) -> None:
    """Returns once each file or folder is on the disk. A folder is one for what was renamed into it."""
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
