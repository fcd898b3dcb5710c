"""What the Results desk shows beyond the imports: a file before it is imported, the smallest gap, and what counts."""

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from app.services.people import Actor, require
from db import results as queries
from db.session import Database
from relate_engine.brief import PlacementName, placement_of
from relate_engine.results import generic
from relate_engine.results.gap import smallest_gap
from relate_engine.results.layout import Format, Grain
from relate_engine.results.lines import ResultsError
from relate_engine.results.reading import Options, Reading, asks_days, detect, open_file, open_results
from relate_engine.results.rows import Rejected, ResultRow


@dataclass(frozen=True)
class Opened:
    """A file as a table, before anything is said about its columns."""

    format: Format
    file: str  # encoding and delimiter in words
    header: tuple[str, ...]


@dataclass(frozen=True)
class Look:
    """A file as it would be imported. `reading` is None while its columns are not clear; `trouble` says why."""

    reading: Reading | None
    rows: tuple[ResultRow, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    trouble: str = ""


@dataclass(frozen=True)
class Traffic:
    """The two most shown things that can be compared, and the smallest gap (of rates) they can show."""

    arms: int
    grain: Grain
    placement: str
    impressions: tuple[int, int]
    rate: float
    gap: float | None


def opened(actor: Actor, name: str, source: bytes | Path) -> Opened:
    """What a file seems to be. Stores nothing. Raises ResultsError for what is no table."""
    require(actor, "results.import")
    table = open_file(source, name)
    return Opened(detect(table), table.described, table.header)


def suggested(actor: Actor, name: str, source: bytes | Path, placement: PlacementName) -> dict[str, str]:
    """Column by field of another file, as far as names tell."""
    require(actor, "results.import")
    return generic.guess(open_file(source, name), placement)


def needs_days(actor: Actor, name: str, source: bytes | Path, options: Options) -> bool:
    """Whether neither the rows nor the title of a file say which days it covers; False while its columns are open."""
    require(actor, "results.import")
    try:
        return asks_days(open_file(source, name), options)
    except ResultsError:
        return False


def look(actor: Actor, name: str, source: bytes | Path, options: Options, rows: int = 8) -> Look:
    """A file's first rows, good and bad, as these options read it. Stores nothing."""
    require(actor, "results.import")
    try:
        reading = open_results(source, name, options)
    except ResultsError as error:
        return Look(None, trouble=str(error))
    good: list[ResultRow] = []
    bad: list[Rejected] = []
    for row in islice(reading.rows(), 2000):
        if isinstance(row, ResultRow):
            good.append(row)
        elif isinstance(row, Rejected):
            bad.append(row)
        if len(good) >= rows:
            break
    return Look(reading, tuple(good), tuple(bad[:rows]))


def counting(db: Database, actor: Actor) -> dict[int, int]:
    """How many rows of each import count, by import id; 0, left out, where later imports tell of all of its days."""
    require(actor, "results.read")
    with db.read() as session:
        return queries.counting_by_import(session, actor.workspace_id)


def traffic(db: Database, actor: Actor) -> Traffic | None:
    """The smallest gap that the results so far can show; None with fewer than two ads or texts of one kind."""
    require(actor, "results.read")
    with db.read() as session:
        count, arms = queries.top_arms(session, actor.workspace_id, 200)
    kinds: dict[tuple[str, ...], list[queries.Arm]] = {}
    for arm in arms:
        same = tuple(arm.meaning[name] for name in ("grain", "placement", "click_kind", "test"))
        kinds.setdefault(same, []).append(arm)
    # a test's variations say most; a text of an asset report least, since its impressions are shared
    order: tuple[Grain, ...] = ("variation", "ad", "asset")
    pairs = [(order.index(kind[0]), kind[1], two) for kind, two in kinds.items() if len(two) > 1 and two[1].impressions]
    if not pairs:
        return None
    place, placement, (first, second, *_) = min(pairs, key=lambda pair: (pair[0], -pair[2][1].impressions))
    rate = (first.clicks + second.clicks) / (first.impressions + second.impressions)
    return Traffic(
        arms=count,
        grain=order[place],
        placement=placement_of(placement).label,
        impressions=(first.impressions, second.impressions),
        rate=rate,
        gap=smallest_gap(first.impressions, second.impressions, rate) if rate else None,
    )
