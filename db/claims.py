"""When two texts make the same claim: the hash of their normalised wording.

Alike are texts that differ only in capitals, spaces, the form of quotes and dashes, and the mark at the end. Everything
else may change what is claimed ("50 %" and "50", "may" and "will"), so it tells texts apart.
"""

import hashlib
import unicodedata

_FORMS = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-"})


def wording_of(text: str) -> str:
    """The wording that is compared."""
    folded = unicodedata.normalize("NFKC", text.translate(_FORMS)).casefold()
    return " ".join(folded.split()).rstrip(" .!")


def claim_of(text: str) -> str:
    """A hash that texts with the same wording share."""
    return hashlib.sha256(wording_of(text).encode()).hexdigest()[:32]
