"""What the analyst looks at, as pandas frames: candidates, feedback and verdicts, and their rates.

`candidates` has one row a text, `feedback` and `verdicts` one row an event; the other functions
group these frames and need no database. Rates carry a 95 % Wilson interval, since groups are small.
Leaves out training rounds and results of campaigns.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from app.services.people import Actor, require
from db import models, queries
from db.models import PICKS
from db.session import Database
from relate_engine.share import wilson

GROUPS = ("angle", "placement", "slot", "policy", "level", "author", "position")
_CANDIDATES = (
    "text_id", "created_at", "brief_id", "brief", "generation_id", "origin", "placement", "slot", "angle",
    "written_by", "parent_id", "text", "position", "policy", "rewards_version", "rules_version", "level",
    "score", "ctr", "cvr", "ctcvr", "beats_typical",
)  # fmt: skip
_REWARDS = ("structure", "correctness", "relevance", "compliance", "diversity", "ctcvr")
_ABOUT = ("text", "slot", "angle", "placement", "written_by", "policy", "position")
_FEEDBACK = ("id", "created_at", "user_id", "text_id", "kind", "reason", "rating", "before", "after", *_ABOUT)
_VERDICTS = (
    "id", "created_at", "user_id", "text_id", "outcome", "rules", "comment", "supersedes_id", *_ABOUT,
)  # fmt: skip


def candidates(db: Database, actor: Actor, since: datetime | None = None) -> pd.DataFrame:
    """One row a text: origin, position, newest scores, `reward_*`, `picked`, `rejected`, `rating`, `verdict`.

    `position` is empty for edits, which were not shown by themselves. `author` is policy or person.
    """
    require(actor, "analytics.read")
    with db.read() as session:
        rows = queries.candidate_rows(session, actor.workspace_id, since)
        ids = [row.text_id for row in rows]
        choices = queries.choices(session, actor.workspace_id, ids)
        verdicts = queries.latest_verdicts(session, actor.workspace_id, ids)
        outcomes = {text_id: verdict.outcome for text_id, verdict in verdicts.items()}
    frame = pd.DataFrame([row[:-1] for row in rows], columns=list(_CANDIDATES))
    for name in _REWARDS:
        frame[f"reward_{name}"] = pd.Series([(row.rewards or {}).get(name) for row in rows], dtype="float64")
    told = [choices.get(text_id, queries.Choice()) for text_id in ids]
    frame["picked"] = pd.Series([choice.state == "picked" for choice in told], dtype=bool)
    frame["rejected"] = pd.Series([choice.state == "rejected" for choice in told], dtype=bool)
    frame["rating"] = pd.Series([choice.rating for choice in told], dtype="Int64")
    frame["verdict"] = pd.Series([outcomes.get(text_id) for text_id in ids], dtype="object")
    frame["position"] = frame["position"].astype("Int64")
    return _typed(frame)


def feedback(db: Database, actor: Actor, since: datetime | None = None) -> pd.DataFrame:
    """One row an event, oldest first. `is_pick` is true for pick, copy and the export of an ad, not of a table."""
    require(actor, "analytics.read")
    with db.read() as session:
        rows = queries.event_rows(session, models.Feedback, actor.workspace_id, since)
    frame = _typed(pd.DataFrame([tuple(row) for row in rows], columns=list(_FEEDBACK)))
    table = (frame["kind"] == "export") & (frame["reason"] == queries.PLAIN)
    frame["is_pick"] = frame["kind"].isin(PICKS) & ~table
    return frame


def verdicts(db: Database, actor: Actor, since: datetime | None = None) -> pd.DataFrame:
    """One row a verdict, oldest first. `counts` is false where a later verdict superseded it."""
    require(actor, "analytics.read")
    with db.read() as session:
        rows = queries.event_rows(session, models.Verdict, actor.workspace_id, since)
    frame = _typed(pd.DataFrame([tuple(row) for row in rows], columns=list(_VERDICTS)))
    frame["counts"] = ~frame["id"].isin(frame["supersedes_id"].dropna())
    return frame


def pick_rates(candidates: pd.DataFrame, by: str) -> pd.DataFrame:
    """Share of shown texts picked now, by one of GROUPS: shown, picked, rejected, rate, low, high."""
    shown = candidates[candidates["position"].notna()]
    grouped = shown.groupby(by, dropna=False, observed=True)
    frame = grouped.agg(shown=("text_id", "size"), picked=("picked", "sum"), rejected=("rejected", "sum")).reset_index()
    return _with_rate(frame, "picked", "shown")


def violation_rates(candidates: pd.DataFrame, by: str) -> pd.DataFrame:
    """Share of judged texts that are violations, by one of GROUPS: judged, violations, rate, low, high."""
    judged = candidates[candidates["verdict"].notna()]
    judged = judged.assign(violation=judged["verdict"] == "violation")
    grouped = judged.groupby(by, dropna=False, observed=True)
    frame = grouped.agg(judged=("text_id", "size"), violations=("violation", "sum")).reset_index()
    return _with_rate(frame, "violations", "judged")


def scores(candidates: pd.DataFrame, by: str) -> pd.DataFrame:
    """Means of every reward and of compliance, by one of GROUPS, in long form: group, reward, mean, texts."""
    columns = [column for column in candidates if str(column).startswith("reward_")]
    long = candidates.melt(id_vars=[by], value_vars=columns, var_name="reward", value_name="value")
    long["reward"] = long["reward"].str.removeprefix("reward_")
    grouped = long.dropna(subset=["value"]).groupby([by, "reward"], dropna=False, observed=True)
    return grouped.agg(mean=("value", "mean"), texts=("value", "size")).reset_index()


def per_day(events: pd.DataFrame, by: str) -> pd.DataFrame:
    """How many rows a UTC day and group, for any of the frames above: day, group, count."""
    dated = events.assign(day=events["created_at"].dt.floor("D"))
    return dated.groupby(["day", by], dropna=False, observed=True).size().reset_index(name="count")


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    frame["created_at"] = pd.to_datetime(frame["created_at"], utc=True)
    frame["angle"] = frame["angle"].fillna("none")
    # in a trial the texts of one set are by two writers; an edit counts as its set's
    by = [str(who) for who in frame["written_by"]]
    policies = [
        who.removeprefix("policy:") if who.startswith("policy:") else of_set
        for who, of_set in zip(by, frame["policy"], strict=True)
    ]
    frame["policy"] = pd.Series(policies, dtype="object")
    frame["author"] = pd.Series([str(who).split(":")[0] for who in frame["written_by"]], dtype="object")
    return frame


def _with_rate(frame: pd.DataFrame, hits: str, total: str) -> pd.DataFrame:
    pairs: Sequence[tuple[Any, Any]] = list(zip(frame[hits], frame[total], strict=True))
    frame["rate"] = pd.Series([h / t for h, t in pairs], dtype="float64")
    frame["low"] = pd.Series([wilson(h, t)[0] for h, t in pairs], dtype="float64")
    frame["high"] = pd.Series([wilson(h, t)[1] for h, t in pairs], dtype="float64")
    return frame
