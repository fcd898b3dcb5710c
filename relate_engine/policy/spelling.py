"""The writer's tokenizer alone, for a page that shows which token spells what and runs no model.

Read from the base's tokenizer.json by the library underneath transformers: the same ids and the same words, in a
tenth of a second. Importing transformers, torch and the adapters first would take five.
Leaves out a base without that file, such as a hub id: policy/model.py loads its tokenizer.
"""

from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer

from relate_engine.policy.weights import WeightsError, remedy


class Speller:
    """Ids of a text and the text of ids, as the tokenizer of transformers gives them."""

    def __init__(self, folder: str) -> None:
        """`folder`: holds a tokenizer.json. Raises WeightsError if it does not load."""
        try:
            self._inner: Tokenizer = Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
        except Exception as error:  # the library raises nothing narrower
            raise WeightsError(f"No tokenizer in {folder} ({error}); {remedy(folder)}.") from error
        self._inner.no_truncation()
        self._inner.no_padding()

    def encode(self, text: str, add_special_tokens: bool = False) -> list[int]:
        ids: list[int] = self._inner.encode(text, add_special_tokens=add_special_tokens).ids
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        words: str = self._inner.decode(list(ids), skip_special_tokens=False)
        return words
