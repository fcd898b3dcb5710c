"""Several threads that ask for the engine's libraries first, at once, all get them."""

import gc
import subprocess
import sys

from app.services.process import settle
from relate_engine.config import ROOT

CODE = """
import threading
from app.services.process import libraries
trouble = []

def ask():
    try:
        libraries()
        from transformers import DynamicCache
    except ImportError as error:
        trouble.append(error)

threads = [threading.Thread(target=ask) for _ in range(6)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert not trouble, trouble
"""


def test_threads_may_ask_for_the_libraries_at_once() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def test_what_is_loaded_is_left_out_of_full_rounds_once() -> None:
    settle.cache_clear()
    before = gc.get_freeze_count()
    try:
        settle("a test")
        frozen = gc.get_freeze_count()
        assert frozen > before and gc.isenabled()
        settle("a test")
        assert gc.get_freeze_count() <= frozen  # not again: later objects stay with the collector
    finally:
        gc.unfreeze()
        settle.cache_clear()
