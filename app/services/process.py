"""What a process sets once before it loads a model: quiet libraries, no hubs unless one is named, few kept kernels,
threads; and what its garbage collector need not look at again."""

import gc
import logging
import os
import threading
import warnings
from functools import cache

from relate_engine.config import Settings

_first = threading.Lock()


def quiet(config: Settings) -> None:
    """Libraries' notes stay out of the person's way, hubs are asked only for a base model named by hub id, and oneDNN
    keeps few kernels.

    Call before anything imports transformers: it reads these variables when imported.
    """
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    if "/" not in config.base_model or config.base_model.startswith(("/", ".")):
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    # oneDNN keeps a kernel of some 100 kB for each shape it has met, in two places with room for 1,024 each, and every
    # brief brings new shapes: the process grew by 14 MB a draft. What one draft meets again fits in this.
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "128")
    os.environ.setdefault("LRU_CACHE_CAPACITY", "128")  # of torch's own, ideep
    for name in ("transformers", "bitsandbytes", "torch", "peft"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"(transformers|bitsandbytes|torch|peft|trl)\b.*")


def libraries() -> None:
    """Imports torch and transformers, one thread at a time; call before what imports them where threads are many.

    transformers puts another module in its place while it is imported: a second thread that asks for it meanwhile
    is left with the first, and with "cannot import name".
    """
    with _first:
        import torch  # noqa: F401
        import transformers  # noqa: F401

        settle("libraries")


@cache
def settle(after: str) -> None:
    """Once in a process for each `after`: takes what is loaded by now out of the garbage collector's full rounds, which
    else go through every module each time and stop all threads for some 150 ms, at one press in ten. Not often: what
    is alive now is never looked at again."""
    gc.collect()
    gc.freeze()


def set_threads(config: Settings) -> None:
    """torch's threads for this process, where the setting names a number; else torch's own choice, all cores."""
    libraries()
    import torch

    if config.threads:
        torch.set_num_threads(config.threads)
