"""What a round learns from, frozen: one workspace's briefs, shown sets, feedback, verdicts and results as plain data.

A brief is frozen as a writer reads it. Only what the workspace owns is read; what its people did since waits for the
next round. Leaves out running the round (rounds.py) and what a snapshot holds (relate_engine/snapshot.py).
"""

import json
from collections import defaultdict
from collections.abc import Sequence, Set
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.services import blocking, learning, positions, rulebook, teaching, versions
from app.services.drafting import SERVED
from app.services.people import Actor, require
from app.services.stored import StoredText, as_they_stand
from db import models, queries
from db import versions as rows
from db.session import Database
from db.shown import places
from relate_engine.brief import Brief, BriefError, parse_brief, placement_of, taken
from relate_engine.config import Settings
from relate_engine.rewards.compliance import check_text
from relate_engine.rewards.readable import readable
from relate_engine.rewards.rules import RuleSet
from relate_engine.round_rows import examined
from relate_engine.snapshot import Served, ShownSet, ShownText, Snapshot, product_of

SETS, BRIEFS = 1000, 1000  # newest ones that a round looks at


def freeze(db: Database, actor: Actor, config: Settings, number: int) -> Snapshot:
    """What the workspace holds now, as round `number` would learn from it. BriefError for an untrained writer."""
    require(actor, "round.run")
    learned = learning.active_version(db, actor)
    overlay = rulebook.book(db, actor).overlay
    rules = rulebook.laid(overlay)
    calls, confirmed = teaching.calls_of(db, actor), blocking.confirmed(db, actor)
    with db.read() as session:
        now = rows.active(session, actor.workspace_id, versions.KIND)
        saved = queries.briefs(session, actor.workspace_id, limit=BRIEFS)
        briefs = {b.id: brief for b in saved if (brief := _as_read(rules, b.payload))}
        served = _served(session, actor, list(briefs))
        sets = _sets(session, actor, rules, confirmed)
    folder = versions.policy_folder_of(config, actor.workspace_id, now.version) if now else config.adapter
    policy = writer_in(folder) | {"in_use": now.version if now else ""}
    seen = examined((r.placement, r.slot, r.position, r.shown, r.chosen) for r in positions.position_bias(db, actor))
    return Snapshot(
        actor.workspace_id, number, tuple(briefs.values()), sets, served, policy, learned or "", rules.version, overlay,
        seen, calls, tuple(sorted(confirmed)),
    )  # fmt: skip


def writer_in(folder: Path) -> dict[str, str]:
    """Version and sha256 of the writer in a folder; BriefError where there is no trained one."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        return {"version": manifest["version"], "sha256": manifest["sha256"]}
    except (OSError, ValueError, KeyError) as error:
        raise BriefError(
            f"A round needs a trained writer to start from, and the manifest in {folder.name} cannot be read; "
            "run `relate train sft` or roll the writer back."
        ) from error


def _served(session: Session, actor: Actor, brief_ids: Sequence[int]) -> tuple[Served, ...]:
    """What each of these briefs has been given, by slot."""
    given = queries.served_by_slot(session, actor.workspace_id, brief_ids, SERVED)
    number = {brief_id: n for n, brief_id in enumerate(brief_ids)}
    return tuple(Served(number[brief_id], slot, tuple(texts)) for (brief_id, slot), texts in given.items())


def _as_read(rules: RuleSet, payload: dict[str, Any]) -> Brief | None:
    """A brief as the writer may read it, without orders and personal data; None where its product is one."""
    try:
        return readable(rules, parse_brief(payload))
    except BriefError:
        return None


def _sets(session: Session, actor: Actor, rules: RuleSet, confirmed: Set[str]) -> tuple[ShownSet, ...]:
    """The newest shown sets, oldest first, with what became of their texts. `confirmed`: see blocking.py."""
    workspace = actor.workspace_id
    query = select(models.Generation).where(models.Generation.workspace_id == workspace)
    found = session.scalars(query.order_by(models.Generation.id.desc()).limit(SETS)).all()[::-1]
    did: dict[int, list[str]] = defaultdict(list)
    for event in queries.event_rows(session, models.Feedback, workspace, None):
        did[event.text_id].append(event.kind)
    ids = [g.id for g in found]
    texts = as_they_stand(session, actor, ids)
    wrote = {(p.generation_id, p.slot, p.position): p.written_by for p in places(session, workspace, ids)}
    today = queries.payloads(session, workspace, [g.brief_id for g in found])
    products = {i: product_of(brief) for i, payload in today.items() if (brief := _as_read(rules, payload))}

    def shown(t: StoredText, brief: Brief) -> ShownText:
        held = _held(t, brief, rules, confirmed)
        return _shown(t, wrote[t.generation_id, t.slot, t.position or 0], tuple(did[t.id]), held)

    return tuple(
        ShownSet(g.id, brief, tuple(shown(t, brief) for t in texts[g.id]), products.get(g.brief_id, ""))
        for g in found
        if (brief := _as_read(rules, g.brief_payload))
    )


def _held(text: StoredText, brief: Brief, rules: RuleSet, confirmed: Set[str]) -> bool:
    """Whether its newest wording may not run: by its width, its card, or a rule of now that the card, being older,
    misses."""
    if taken(text.text, text.placement) > placement_of(text.placement).slot(text.slot).limit:
        return True
    if text.card is not None and any(blocking.blocks(f, confirmed, text.cleared) for f in text.card.findings):
        return True
    found, _, _ = check_text(rules, text.text, brief.placement, text.slot, brief.countries, brief)
    return any(f.severity == "block" for f in found)


def _shown(text: StoredText, author: str, did: tuple[str, ...], held: bool) -> ShownText:
    return ShownText(
        id=text.id,
        slot=text.slot,
        angle=text.angle,
        text=text.shown_as if text.shown_as is not None else text.text,
        position=text.position or 0,
        author=author,
        choice="picked" if text.choice == "picked" else "rejected" if text.choice == "rejected" else "",
        did=did,
        edited=text.text if text.shown_as not in (None, text.text) else "",  # an edit may have been taken back
        verdict=text.verdict.decision if text.verdict else "",
        level="blocked" if held else text.card.compliance.level if text.card else "",
    )
