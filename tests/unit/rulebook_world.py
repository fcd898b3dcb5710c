"""What the tests of a workspace's own rules share: a ban, the shipped rules, a reviewer, and texts that may run."""

from typing import Any, cast

import pytest

from app.services import briefs, checking, drafting, rulebook, rulebook_draft, rulebook_publish, statuses
from app.services.people import Actor
from app.services.rulebook_form import RuleForm
from db.session import Database
from tests.unit.studio import Draft, brief, card, person

BAN = RuleForm(
    severity="block",
    message="The client never says “turbo”.",
    fix="Say what it does.",
    source="Brand guide of 3 March 2026, page 4",
    source_status="seen",
    words=("turbo", "warp  drive"),
    violating=("Turbo Kayak Rack", "A warp drive for kayaks"),
    clean=("A turbot for dinner",),
)
SHIPPED = rulebook.shipped()
CLM_002 = next(rule for rule in SHIPPED.rules if rule.id == "CLM-002")  # blocks "the #1 VPN"; has an exception


@pytest.fixture
def rui(db: Database) -> Actor:
    return person(db, "reviewer")


def found(db: Database, actor: Actor, text: str) -> dict[str, str]:
    """Rule and severity of what the rules of the actor's workspace find in a Google headline."""
    rules = rulebook.rules_of(db, actor)
    checked = checking.check(text, "google_rsa", "headline", ["us"], None, rules)
    return {f.rule_id: f.severity for f in checked.findings}


def approved(db: Database, *texts: str, status: str = "approved") -> list[int]:
    """Stored headlines with this status, by an admin of the workspace."""
    admin = person(db, "admin")
    saved = briefs.save_brief(db, admin, brief())
    stored = drafting.store_generation(db, admin, saved.id, cast(Any, Draft(tuple(card(t) for t in texts))))
    ids = [next(t.id for t in stored.texts if t.text == text) for text in texts]
    with db.write() as session:
        for text_id in ids:
            statuses.set_status(session, admin, text_id, "approved")
            if status == "live":
                statuses.set_status(session, admin, text_id, "live")
    return ids


def publish(db: Database, actor: Actor, form: RuleForm = BAN, rule_id: str | None = None) -> str:
    made = rulebook_draft.save_rule(db, actor, rule_id, form)
    rulebook_publish.publish(db, actor, "asked for by the client")
    return made
