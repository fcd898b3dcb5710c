"""Finding the drafted text that an imported one is: exactly, then by normalised text; else it is external.

Normalised: Unicode forms, capitals, quotes and spaces do not count; words and punctuation do. The slot must be
the same; the placement is preferred, since a text may have been drafted for one and run on another.
"""

from collections.abc import Iterable

from relate_engine.rewards.folding import fold


def normalised(text: str) -> str:
    return " ".join(fold(text).text.casefold().split())


class Matcher:
    """`drafted`: (id, placement, slot, text) of the workspace's texts; of equal texts the last one is meant."""

    def __init__(self, drafted: Iterable[tuple[int, str, str, str]]) -> None:
        self._exact: dict[tuple[str, str, str], int] = {}
        self._folded: dict[tuple[str, str, str], int] = {}
        for text_id, placement, slot, text in drafted:
            folded = normalised(text)
            for place in (placement, ""):
                self._exact[place, slot, text] = text_id
                self._folded[place, slot, folded] = text_id

    def find(self, placement: str, slot: str, text: str) -> int | None:
        """The id of the drafted text, or None."""
        if not self._exact:
            return None
        folded = normalised(text)
        for known, wording in ((self._exact, text), (self._folded, folded)):
            for place in (placement, ""):
                if (found := known.get((place, slot, wording))) is not None:
                    return found
        return None
