"""Bounds on time that hold on an idle machine only: RELATE_IDLE=1 says that this is one, as `make bench` does.

Everywhere else the number is printed (`pytest -s`), since other tests and other people share the machine.
"""

import os

IDLE = os.environ.get("RELATE_IDLE") == "1"


def bounded(what: str, seconds: float, bound: float) -> None:
    """Prints how long something took; fails on an idle machine where that is more than the bound."""
    print(f"\n{what}: {1000 * seconds:,.0f} ms, bound {1000 * bound:,.0f} ms{'' if IDLE else ', not held to it'}")
    assert not IDLE or seconds <= bound, f"{what} took {seconds:.2f} s on an idle machine; the bound is {bound} s"
