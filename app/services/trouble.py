"""One sentence for a person about whatever went wrong in work done for them, in a draft or a job."""

from app.services.people import Forbidden, NotFound
from db.session import StorageError
from relate_engine.brief import BriefError

# what safetensors and torch.save say of a disk that takes no more, in lower case; neither raises an OSError
FULL = ("no space left", "os error 28", "unexpected pos")


def sentence(error: BaseException, who: str) -> str:
    """What a person can do about it. `who` stopped: "The writer", "The job"."""
    from relate_engine.policy.weights import WeightsError

    if isinstance(error, (BriefError, WeightsError, StorageError, NotFound, Forbidden)):
        return str(error)
    if isinstance(error, MemoryError) or "memory" in str(error).lower():
        return "There is not enough memory for it: close other programs (about 1.5 GB is needed) and try again."
    if isinstance(error, OSError) and error.strerror:
        return f"{who} stopped: {error.strerror} ({error.filename or 'disk'}); mend that and try again."
    if any(words in str(error).lower() for words in FULL):
        return f"{who} stopped: the disk is full; free some space and try again."
    return f"{who} stopped with an error ({type(error).__name__}); try again, and see the log if it happens twice."
