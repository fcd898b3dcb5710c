"""From stored rows to `Observation`s: what a row may teach, decided here and nowhere else.

- A text is taught only by counts that are its own: an ad with several headlines says nothing about any of them.
- A row teaches CVR only if its conversions are of one known action, and all had time to arrive: the last day
  is at least the conversion lag before the day the counts were imported. Later days, and rows without days,
  teach CTR only. So do rows with more conversions than clicks (their conversions did not follow the click).
- Meta names no action where nothing happened: such a row holds 0 of what its ad, else its ad set, else all of the
  workspace's ads aim at, if that is one action. Left out, only the days that sold would teach CVR.
- Actions are never pooled; the same purchase counted over 1 day and over 7 is two actions. Impressions that are told
  once for each action belong to the row of the action with most conversions (`summable`); the others teach CVR only.
- In an asset report one impression counts once for each text, so its rows are never added up (`summable` False)
  and never in a group, whatever columns they have.
- A group holds what differs in one text only, of one test, over all days, devices and so on in which the same texts
  ran. Ads that merely share an ad group are no test: the platform chose whom to show them to.
- Clicks on the link and all clicks are two things: of each placement only the kind with more impressions teaches.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from relate_engine.brief import Brief
from relate_engine.results.observation import Observation
from relate_engine.results.rows import ResultRow

UNTAUGHT = ("path",)  # words of a web address
_Part = tuple[str, date | None, date | None, tuple[str, ...]]  # test ("" = none), its first and last day, breakdown


@dataclass(frozen=True)
class Counted:
    """A stored row: when it was imported, and the briefs of its texts that were drafted here, by text; `text_id`: the
    drafted text that it is about alone, where that is asked (app/services/analytics_rates.py)."""

    row: ResultRow
    imported: date
    briefs: Mapping[tuple[str, str], Brief] = field(default_factory=dict)
    text_id: int | None = None


@dataclass(frozen=True)
class Lesson:
    """What one row teaches. `conversions` None: no CVR, and then `action` is "". `owns`: its impressions are not
    those of a row of another action too, or they belong to this one."""

    counted: Counted
    texts: tuple[tuple[str, str], ...]
    conversions: float | None
    action: str
    owns: bool

    @property
    def summable(self) -> bool:
        """Whether its impressions may be added up to those of other rows."""
        return self.owns and self.counted.row.grain != "asset"


@dataclass(frozen=True)
class Lessons:
    """`left_out`: how many rows teach nothing, or no CVR, by reason."""

    observations: list[Observation]
    left_out: Counter[str]


def lessons(rows: Sequence[Counted], lag_days: int, workspace: str) -> Lessons:
    """What the rows of one workspace teach. `lag_days`: how long conversions take to arrive."""
    observations: list[Observation] = []
    parts: list[_Part] = []  # of each observation
    left_out: Counter[str] = Counter()
    for lesson in each(rows, lag_days, left_out):
        row = lesson.counted.row
        for number, (slot, text) in enumerate(lesson.texts):
            brief = lesson.counted.briefs.get((slot, text))
            observations.append(
                Observation(
                    text=text,
                    slot=slot,
                    placement=row.placement,
                    impressions=row.impressions,
                    clicks=row.clicks,
                    conversions=lesson.conversions,
                    action=lesson.action,
                    vertical=brief.vertical if brief else "",
                    workspace=workspace,
                    end=row.end,
                    brief=brief,
                    summable=lesson.summable and number == 0,
                    repeats=not lesson.owns,
                )
            )
            parts.append((_test(row, slot), row.start, row.end, row.breakdown))
    return Lessons(_grouped(observations, parts), left_out)


def each(rows: Sequence[Counted], lag_days: int, left_out: Counter[str]) -> Iterator[Lesson]:
    """The rows that teach, in their order; counts in `left_out` those that teach nothing, or no CVR, by reason."""
    rows = _named(rows)
    kinds = _click_kinds(counted.row for counted in rows)
    owners = _owners(rows, lag_days)
    for place, counted in enumerate(rows):
        row = counted.row
        if row.impressions == 0:
            left_out["no impressions"] += 1
            continue
        if row.click_kind != kinds[row.placement]:
            left_out["clicks are counted in another way than in most rows"] += 1
            continue
        texts = _own_texts(row)
        if not texts:
            left_out["several texts share the counts"] += 1
            continue
        conversions, why = _conversions(counted, lag_days)
        if why:
            left_out[why] += 1
        owns = place in owners
        if not owns and conversions is None:
            left_out["the same impressions as in a row of another action"] += 1
            continue
        yield Lesson(counted, texts, conversions, _action(row) if conversions is not None else "", owns)


def main_action(told: Iterable[tuple[bool, str, float | None, int]]) -> str:
    """The conversion action that is learned: the one with most conversions (of rows that may be added up, where
    there are any), or where nothing was ever bought with most clicks: no sale in ten thousand clicks teaches too.
    `told`: of each row whether it may be added up, its action, conversions and clicks. "" without any."""
    counts: dict[tuple[bool, str], tuple[float, int]] = {}
    for summable, action, conversions, clicks in told:
        if conversions is not None and clicks:
            bought, before = counts.get((summable, action), (0.0, 0))
            counts[summable, action] = bought + conversions, before + clicks
    return max(counts, key=lambda k: (counts[k][0] > 0, k[0], counts[k]))[1] if counts else ""


def _named(rows: Sequence[Counted]) -> list[Counted]:
    """The rows, with the action of those of Meta that hold no result and so name none."""
    if not any(counted.row.unnamed for counted in rows):
        return list(rows)
    aims: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    for row in (counted.row for counted in rows):
        if row.format == "meta" and not row.unnamed:
            for place in _places(row):
                aims[place].add(row.action)
    for place, actions in aims.items():
        if place[0] == "ad" and len(actions) > 1:
            actions.discard("")  # of an export without results, which says nothing of what the ad aims at
    found = []
    for counted in rows:
        if counted.row.unnamed:
            aim = next((aims[place] for place in _places(counted.row) if place in aims), set())
            counted = replace(counted, row=replace(counted.row, action=next(iter(aim)) if len(aim) == 1 else ""))
        found.append(counted)
    return found


def _places(row: ResultRow) -> list[tuple[str, ...]]:
    """Its ad, its ad set, all of Meta: where an action is looked for."""
    named = [("ad", *row.ad)] if row.ad else []
    return [*named, *([("set", *row.ad[:2])] if len(row.ad) == 3 else []), ("all",)]


def _grouped(observations: Sequence[Observation], parts: Sequence[_Part]) -> list[Observation]:
    """With groups: the parts of a test in which the same two or more texts ran are one, because what a text does of
    its own it does every day; parts with other texts are apart, because days and devices differ."""
    texts: dict[_Part, set[str]] = {}
    for part, one in zip(parts, observations, strict=True):
        texts.setdefault(part, set()).add(one.text)
    names = {part: _digest([part[0], sorted(ran)]) if part[0] and len(ran) > 1 else "" for part, ran in texts.items()}
    return [replace(one, group=names[part]) for part, one in zip(parts, observations, strict=True)]


def _owners(rows: Sequence[Counted], lag_days: int) -> set[int]:
    """The places of the rows that own their impressions: where several rows tell the same ones (`_shown`), the first of
    the action with most conversions, which is the one that is learned."""
    totals: defaultdict[str, float] = defaultdict(float)
    for counted in rows:
        totals[_action(counted.row)] += _conversions(counted, lag_days)[0] or 0
    best: dict[tuple[object, ...], tuple[float, int]] = {}
    for place, counted in enumerate(rows):
        shown, total = _shown(counted.row), totals[_action(counted.row)]
        if shown not in best or total > best[shown][0]:
            best[shown] = total, place
    return {place for _, place in best.values()}


def _shown(row: ResultRow) -> tuple[object, ...]:
    """Equal for the same impressions, whatever action their row is about."""
    arm = (row.format, row.placement, row.grain, row.ad, row.texts, row.test, row.click_kind)  # spares hashing it
    return *arm, row.start, row.end, row.breakdown, row.impressions, row.clicks


def _action(row: ResultRow) -> str:
    return " · ".join(filter(None, (row.action, row.window)))


def _click_kinds(rows: Iterable[ResultRow]) -> dict[str, str]:
    seen: dict[str, Counter[str]] = {}
    for row in rows:
        seen.setdefault(row.placement, Counter())[row.click_kind] += row.impressions
    return {placement: kinds.most_common(1)[0][0] for placement, kinds in seen.items()}


def _own_texts(row: ResultRow) -> tuple[tuple[str, str], ...]:
    """The texts that were in every one of the row's impressions."""
    slots = [slot for slot, _ in row.texts]
    return tuple((slot, text) for slot, text in row.texts if slots.count(slot) == 1 and slot not in UNTAUGHT)


def _conversions(counted: Counted, lag_days: int) -> tuple[float | None, str]:
    row = counted.row
    if row.unnamed:
        return None, "no CVR: nothing says which result it has none of"
    if row.conversions is None or not row.action:
        return None, "no CVR: it tells no conversions of a known action"
    if row.end is None:
        return None, "no CVR: the row has no days"
    if row.end > counted.imported - timedelta(days=lag_days):
        return None, "no CVR: younger than the conversion lag when it was imported"
    if row.conversions > row.clicks:
        return None, "no CVR: more conversions than clicks"
    return row.conversions, ""


def _test(row: ResultRow, slot: str) -> str:
    """What variations of one test have alike that differ in the text of this slot only; "" where there is none."""
    if row.grain != "variation" or not row.test:
        return ""
    others = sorted(pair for pair in row.texts if pair[0] != slot)
    return _digest([row.format, row.placement, row.test, slot, others, row.click_kind, row.action, row.window])


def _digest(parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()[:16]
