"""The simulator of a measurement: the project's own, or a user's file whose answers are checked one by one.

`simulator.py` is frozen to the byte, its loader with it, so what is asked of a user's file stands here: each of its two
functions gives a number above 0 and below 1 for every text. One that raises or gives anything else ends the measurement
in one sentence, before nonsense reaches a report. Leaves out the truth itself (simulator.py).
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from relate_engine.brief import Brief
from relate_engine.simulator import Simulator, load_simulator

Probability = Callable[[str, Brief], float]


def open_simulator(path: Path | None = None) -> Simulator:
    """The project's simulator, or that of FILE.py behind the check. Raises ValueError in one sentence where the file
    cannot be used; so do its two functions later."""
    found = load_simulator(path)
    if path is None:
        return found
    return replace(
        found,
        click=_checked(found.click, f"click_probability of {path}"),
        conversion=_checked(found.conversion, f"conversion_probability of {path}"),
    )


def _checked(function: Probability, name: str) -> Probability:
    """The function; `name` says which one it is and whose."""

    def checked(text: str, brief: Brief) -> float:
        try:
            given = function(text, brief)
            value = float(given)
        except Exception as error:  # a user's function may fail in any way
            why = " ".join(f"{type(error).__name__}: {error}".split())
            raise ValueError(f"{name} failed on “{text}” ({why}); mend it there.") from error
        if not 0 < value < 1:  # nor is NaN
            raise ValueError(f"{name} gave {value} on “{text}”; it must give a number above 0 and below 1.")
        return value

    return checked
