"""From stored rows to `Observation`s: what a row may teach, decided here and nowhere else.

- A text is taught only by counts that are its own: an ad with several headlines says nothing about any of them.
- A row teaches CVR only if its conversions are of one known action, and all had time to arrive: the last day
  is at least the conversion lag before the day the counts were imported. Later days, and rows without days,
  teach CTR only. So do rows with more conversions than clicks (their conversions did not follow the click).
- Actions are never pooled; the same purchase counted over 1 day and over 7 is two actions.
- In an asset report one impression counts once for each text, so its rows are never added up (`summable` False)
  and never in a group, whatever columns they have.
- A group holds what differs in one text only, on the same days, devices and so on, of one test. Ads that merely
  share an ad group are no test: the platform chose whom to show them to.
- Clicks on the link and all clicks are two things: of each placement only the kind with more impressions teaches.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from relate_engine.brief import Brief
from relate_engine.results.observation import Observation
from relate_engine.results.rows import ResultRow

UNTAUGHT = ("path",)  # words of a web address


@dataclass(frozen=True)
class Counted:
    """A stored row: when it was imported, and the briefs of its texts that were drafted here, by text."""

    row: ResultRow
    imported: date
    briefs: Mapping[tuple[str, str], Brief] = field(default_factory=dict)


@dataclass(frozen=True)
class Lessons:
    """`left_out`: how many rows teach nothing, or no CVR, by reason."""

    observations: list[Observation]
    left_out: Counter[str]


def lessons(rows: Sequence[Counted], lag_days: int, workspace: str) -> Lessons:
    """What the rows of one workspace teach. `lag_days`: how long conversions take to arrive."""
    kinds = _click_kinds(counted.row for counted in rows)
    observations: list[Observation] = []
    left_out: Counter[str] = Counter()
    impressions_told: dict[str, str] = {}  # the same impressions once for each action: the first row owns them
    for counted in rows:
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
        action = " · ".join(filter(None, (row.action, row.window))) if conversions is not None else ""
        owner = _digest([row.arm, str(row.start), str(row.end), row.breakdown, row.impressions, row.clicks])
        first = impressions_told.setdefault(owner, row.key) == row.key
        for number, (slot, text) in enumerate(texts):
            brief = counted.briefs.get((slot, text))
            observations.append(
                Observation(
                    text=text,
                    slot=slot,
                    placement=row.placement,
                    impressions=row.impressions,
                    clicks=row.clicks,
                    conversions=conversions,
                    action=action,
                    vertical=brief.vertical if brief else "",
                    workspace=workspace,
                    group=_group(row, slot),
                    end=row.end,
                    brief=brief,
                    summable=row.grain != "asset" and first and number == 0,
                )
            )
    texts_of: dict[str, set[str]] = {}
    for one in observations:
        texts_of.setdefault(one.group, set()).add(one.text)
    alone = {group for group, texts in texts_of.items() if len(texts) == 1}
    return Lessons([replace(one, group="") if one.group in alone else one for one in observations], left_out)


def _click_kinds(rows: Iterable[ResultRow]) -> dict[str, str]:
    seen: dict[str, Counter[str]] = {}
    for row in rows:
        seen.setdefault(row.placement, Counter())[row.click_kind] += row.impressions
    return {placement: kinds.most_common(1)[0][0] for placement, kinds in seen.items()}


def _own_texts(row: ResultRow) -> list[tuple[str, str]]:
    """The texts that were in every one of the row's impressions."""
    per_slot = Counter(slot for slot, _ in row.texts)
    return [(slot, text) for slot, text in row.texts if per_slot[slot] == 1 and slot not in UNTAUGHT]


def _conversions(counted: Counted, lag_days: int) -> tuple[float | None, str]:
    row = counted.row
    if row.conversions is None or not row.action:
        return None, ""
    if row.end is None:
        return None, "no CVR: the row has no days"
    if row.end > counted.imported - timedelta(days=lag_days):
        return None, "no CVR: younger than the conversion lag when it was imported"
    if row.conversions > row.clicks:
        return None, "no CVR: more conversions than clicks"
    return row.conversions, ""


def _group(row: ResultRow, slot: str) -> str:
    if row.grain != "variation" or not row.test:
        return ""
    others = sorted(pair for pair in row.texts if pair[0] != slot)
    return _digest([row.format, row.placement, row.test, slot, others, row.click_kind, row.action, row.window,
                    str(row.start), str(row.end), row.breakdown])  # fmt: skip


def _digest(parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()[:16]
