"""Runs a module as a process that ends with the process that started it, however that one ended.

`python -m app.child MODULE ARGUMENTS…`. A parent killed outright tells its children nothing, so the child looks: an
orphan gets another parent. Works wherever there are parents (Linux, macOS). Leaves out restarting (cli_system.py).
"""

import os
import runpy
import signal
import sys
import threading
import time

LOOK_S = 1.0


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_S)
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Takes its own name off the arguments and becomes the module."""
    threading.Thread(target=_end_with, args=(os.getppid(),), name="parent", daemon=True).start()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
