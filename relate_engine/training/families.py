"""Which results belong together: what a text is compared within, and what may never be split.

A key is what a text's rows are compared within: its randomised group, or else the ads of one product and slot.
A family is every text that is joined to another by a key, so that no text of one family is judged by a model that
has learned from its rivals. Leaves out: what is learned.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence

from relate_engine.results.observation import Observation

FEWEST = 10  # randomised families below which none can be spared for the evaluator
EVALUATORS = 0.2  # share of the families that teach the second evaluator instead of the reward model


def key_of(o: Observation) -> tuple[str, ...]:
    """What a row's text is compared within."""
    product = o.brief.product if o.brief else ""
    return ("group", o.group) if o.group else ("like", product, o.slot, o.placement, vertical_of(o))


def vertical_of(o: Observation) -> str:
    return (o.vertical or (o.brief.vertical if o.brief else "")).casefold()


def families(observations: Sequence[Observation]) -> list[str]:
    """The family of each row, named by its first text in the alphabet."""
    up: dict[object, object] = {}

    def root(x: object) -> object:
        up.setdefault(x, x)
        while up[x] != x:
            up[x] = up[up[x]]
            x = up[x]
        return x

    for o in observations:
        up[root(("text", o.text))] = root(key_of(o))
    names: dict[object, str] = {}
    for o in observations:
        r = root(key_of(o))
        names[r] = min(names.get(r, o.text), o.text)
    return [names[root(key_of(o))] for o in observations]


def part(family: str) -> float:
    """A number in [0, 1) that belongs to the family for good."""
    return int.from_bytes(hashlib.sha256(family.encode("utf-8", "surrogatepass")).digest()[:4], "big") / 2**32


def split_off(observations: Sequence[Observation]) -> tuple[list[Observation], list[Observation]]:
    """Rows for the reward model, and rows kept for the second evaluator: whole families, randomised ones only.

    None that holds more than its share of all impressions: one text of a test that also ran elsewhere joins the test
    to all loose ads, and the reward model would learn from what is left."""
    named = list(zip(families(observations), observations, strict=True))
    tested = {f for f, o in named if o.group}
    shown: dict[str, int] = defaultdict(int)
    for f, o in named:
        shown[f] += o.impressions
    most = EVALUATORS * sum(shown.values())
    kept = {f for f in tested if part(f) < EVALUATORS and shown[f] <= most} if len(tested) >= FEWEST else set()
    return [o for f, o in named if f not in kept], [o for f, o in named if f in kept]
