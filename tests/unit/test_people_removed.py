"""Who was removed stays out, whatever invitation was open; the shell withdraws one; clicks in parts of a page count."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.cli import main
from app.services import audit_export, audit_log, audit_shell, invitations, members, sessions
from app.services.people import LOCAL, Actor, local_actor, shell_actor
from app.services.sessions import SignedOut, enter, identity_of
from db.models import SignIn, User
from db.session import Database
from relate_engine.config import settings
from tests.unit.studio import fresh, person, sqlite_only
from tests.unit.test_sessions import HOURS, claims, invited, refused


def sign_in(db: Database, nonce: str) -> int:
    """Bob's user after a new sign-in."""
    return enter(db, identity_of(claims("bob", datetime.now(UTC), nonce)), HOURS).memberships[0].user_id


def actions(db: Database, actor: Actor) -> list[str]:
    return [event.action for event in audit_log.page(db, actor).events]


def test_removing_somebody_withdraws_their_open_invitation(db: Database) -> None:
    invited(db, "bob")
    shell, bob = shell_actor(db, "Acme"), sign_in(db, "1")
    members.remove(db, shell, bob)
    invited(db, "bob", "admin")
    members.take_back(db, shell, bob)
    assert invitations.pending(db, shell) == []
    assert actions(db, shell)[:2] == ["invitation.withdraw", "person.take_back"]
    sign_in(db, "2")
    assert members.by_email(db, shell, "bob@example.com").role == "reviewer"

    members.remove(db, shell, bob)
    invited(db, "bob", "admin")
    members.remove(db, shell, bob)  # again: out is out
    assert refused(db, claims("bob", datetime.now(UTC), "3"), datetime.now(UTC)) == "uninvited"
    assert actions(db, shell)[0] == "invitation.withdraw"


def test_an_invitation_of_somebody_else_stays_open(db: Database) -> None:
    invited(db, "bob")
    bob = sign_in(db, "1")
    invited(db, "ann")
    invited(db, "bob", workspace="Other")
    members.remove(db, shell_actor(db, "Acme"), bob)
    assert [i.email for i in invitations.pending(db, shell_actor(db, "Acme"))] == ["ann@example.com"]
    assert [i.email for i in invitations.pending(db, shell_actor(db, "Other"))] == ["bob@example.com"]
    (hers,) = invitations.pending(db, shell_actor(db, "Acme"), " Ann@Example.com")
    assert hers.email == "ann@example.com"
    assert invitations.pending(db, shell_actor(db, "Acme"), "bob@example.com") == []


@sqlite_only
def test_the_shell_withdraws_an_invitation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    db = fresh(tmp_path)
    local_actor(db)
    monkeypatch.setenv("RELATE_DATABASE_URL", f"sqlite:///{tmp_path / 'relate.db'}")
    settings.cache_clear()
    try:
        assert main(["people", "invite", "typo@x.com", "--role", "admin", "--workspace", "Acme"]) == 0
        assert main(["people", "remove", "Typo@X.com"]) == 2  # not of this workspace
        assert main(["people", "remove", "Typo@X.com", "--workspace", "Acme"]) == 0
        assert "The invitation of typo@x.com is withdrawn." in capsys.readouterr().out
        assert invitations.pending(db, shell_actor(db, "Acme")) == []
        assert main(["people", "remove", "typo@x.com", "--workspace", "Acme"]) == 2
        assert "Nobody with the address" in capsys.readouterr().err
        with pytest.raises(SignedOut):
            enter(db, identity_of(claims("typo", email="typo@x.com")), HOURS)
        invited(db, "bob")
        sign_in(db, "1")
        assert main(["people", "remove", "bob@example.com", "--workspace", "Acme"]) == 0
        assert capsys.readouterr().out == "bob@example.com is removed.\n"
    finally:
        settings.cache_clear()


def test_the_shell_acts_as_somebody_of_the_workspace_itself(db: Database, tmp_path: Path) -> None:
    first, theirs = shell_actor(db, "Acme", make=True), person(db, "admin", "Beta")
    actor = audit_shell.actor_for(db, "Beta")
    assert (actor.workspace_id, actor.role) == (theirs.workspace_id, "admin") and actor.user_id != first.user_id
    with db.read() as session:
        user = session.get_one(User, actor.user_id)
        assert (user.workspace_id, user.subject) == (theirs.workspace_id, LOCAL)
    assert audit_shell.actor_for(db, "Beta") == actor
    assert audit_shell.actor_for(db, None) == first
    with (tmp_path / "out.csv").open("wb") as out:
        audit_export.export(db, actor, out, "csv")
    assert actor.user_id in audit_log.choices(db, theirs).people
    assert "This computer" in audit_log.page(db, theirs).events[0].words


def test_the_only_workspace_is_the_shells(db: Database) -> None:
    only = person(db, "admin", "Only")
    assert audit_shell.actor_for(db, None).workspace_id == only.workspace_id
    assert audit_shell.workspaces(db) == ["Only"]  # none was made beside it


def test_a_click_in_a_part_of_a_page_keeps_the_session(db: Database) -> None:
    invited(db)
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=11)
    signed = enter(db, identity_of(claims(at=began)), HOURS, began)

    def seen() -> SignIn:
        with db.read() as session:
            return session.get_one(SignIn, signed.id)

    sessions.touch(db, signed, HOURS, began + timedelta(seconds=59))
    assert seen().seen_at == began  # at most once in TOUCH
    now = began + timedelta(hours=11)
    sessions.touch(db, signed, HOURS, now)
    assert (seen().seen_at, seen().expires_at) == (now, now + timedelta(hours=HOURS))
    late = began + timedelta(hours=22)
    sessions.touch(db, signed, HOURS, late)
    sessions.touch(db, signed, 24 * 30, late + timedelta(hours=1))
    assert seen().expires_at == began + sessions.LONGEST  # and not beyond
    sessions.sign_out(db, signed)
    sessions.touch(db, signed, HOURS, late + timedelta(hours=2))
    assert seen().seen_at == late + timedelta(hours=1)  # what has ended stays so


def test_a_click_after_the_end_keeps_nothing(db: Database) -> None:
    invited(db)
    began = datetime.now(UTC) - timedelta(hours=13)
    signed = enter(db, identity_of(claims(at=began)), HOURS, began)
    sessions.touch(db, signed, HOURS)
    assert sessions.role_now(db, signed.id, signed.last_user_id) is None
