"""Several threads that ask for the engine's libraries first, at once, all get them."""

import subprocess
import sys

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
