"""Signing in: who gets a session, how it ends, and that nothing but a new sign-in brings it back."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.services import address, audit, invitations, members, sessions
from app.services.people import Actor, Forbidden, NotFound, require, shell_actor
from app.services.sessions import SignedOut, enter, identity_of
from app.services.workspace import SettingError, change_settings, rename, workspace_settings
from db.models import Invitation, SignIn, User
from db.session import Database
from tests.unit.studio import person

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOURS = 12.0


def claims(who: str = "ann", at: datetime = NOON, nonce: str = "n1", **more: Any) -> dict[str, Any]:
    given = {"iss": "https://id.example.com", "sub": who, "iat": int(at.timestamp()), "nonce": nonce}
    return given | {"email": f"{who.title()}@Example.com", "email_verified": True, "name": who.title()} | more


def invited(db: Database, who: str = "ann", role: str = "reviewer", workspace: str = "Acme") -> None:
    invitations.invite(db, shell_actor(db, workspace, make=True), f"{who}@example.com", role)


def refused(db: Database, given: dict[str, Any], now: datetime) -> str:
    with pytest.raises(SignedOut) as out:
        enter(db, identity_of(given), HOURS, now)
    assert str(out.value)
    return out.value.why


def test_an_invitation_becomes_a_person_at_the_first_sign_in(db: Database) -> None:
    invited(db)
    signed = enter(db, identity_of(claims()), HOURS, NOON)
    (member,) = signed.memberships
    assert (member.name, member.role, member.workspace) == ("Ann", "reviewer", "Acme")
    with db.read() as session:
        user, invitation = session.get_one(User, member.user_id), session.query(Invitation).one()
        assert (user.subject, user.email) == ("https://id.example.com|ann", "ann@example.com")
        assert (invitation.accepted_by_id, invitation.accepted_at) == (user.id, NOON)
        row = session.query(SignIn).one()
        assert row.expires_at == NOON + timedelta(hours=12)
        assert "n1" not in row.token_hash and len(row.token_hash) == 64
    again = enter(db, identity_of(claims()), HOURS, NOON + timedelta(hours=1))  # another tab: the same session
    assert again.id == signed.id


def test_who_is_not_invited_stays_out(db: Database) -> None:
    invited(db)
    assert refused(db, claims("bob"), NOON) == "uninvited"
    assert refused(db, claims(email_verified=False), NOON) == "unverified"
    assert refused(db, claims(email_verified="true"), NOON) == "unverified"  # only the truth value counts
    withdrawn = invitations.pending(db, shell_actor(db, "Acme"))[0]
    invitations.withdraw(db, shell_actor(db, "Acme"), withdrawn.id)
    assert refused(db, claims(), NOON) == "uninvited"
    with db.read() as session:
        assert session.query(SignIn).count() == 0
    for missing in ("iss", "sub", "iat"):
        with pytest.raises(SignedOut):
            identity_of(claims() | {missing: None})


def test_a_session_expires_and_a_reload_does_not_bring_it_back(db: Database) -> None:
    invited(db)
    enter(db, identity_of(claims()), HOURS, NOON)
    late = NOON + timedelta(hours=12)
    assert refused(db, claims(), late) == "expired"
    assert refused(db, claims(), late) == "ended"  # every further tab with this cookie
    assert refused(db, claims(), NOON + timedelta(hours=1)) == "ended"  # a clock put back helps nobody
    assert enter(db, identity_of(claims(at=late, nonce="n2")), HOURS, late).memberships


def test_clicks_keep_a_session_but_not_beyond_a_week(db: Database) -> None:
    invited(db)
    now = NOON
    while now < NOON + timedelta(days=7):
        enter(db, identity_of(claims()), HOURS, now)
        now += timedelta(hours=11)
    with db.read() as session:
        assert session.query(SignIn).one().expires_at == NOON + timedelta(days=7)
    assert refused(db, claims(), NOON + timedelta(days=7)) == "expired"


def test_an_old_cookie_without_a_session_is_not_a_sign_in(db: Database) -> None:
    invited(db)  # the cookie is a day old: signed in before the invitation, or before the database was restored
    assert refused(db, claims(), NOON + timedelta(days=1)) == "expired"
    with db.read() as session:
        assert session.query(Invitation).one().accepted_at is None
    ahead = claims(at=NOON + timedelta(days=30))  # a provider's clock that runs ahead
    enter(db, identity_of(ahead), HOURS, NOON)
    assert refused(db, ahead, NOON + timedelta(days=8)) == "expired"


def test_signing_out_ends_the_session_everywhere_it_is_used(db: Database) -> None:
    invited(db)
    signed = enter(db, identity_of(claims()), HOURS, NOON)
    sessions.sign_out(db, signed)
    assert refused(db, claims(), NOON) == "ended"
    phone = enter(db, identity_of(claims(nonce="phone")), HOURS, NOON)  # another sign-in is another session
    assert phone.id != signed.id
    shell = shell_actor(db, "Acme")
    assert audit.verify(db, shell).broken_at is None


def test_a_removed_person_is_out_at_once_and_stays_out(db: Database) -> None:
    invited(db, role="admin")
    shell = shell_actor(db, "Acme")
    fresh_sign_in = claims(at=datetime.now(UTC))  # role_now looks at the clock
    signed = enter(db, identity_of(fresh_sign_in), HOURS)
    user_id = signed.memberships[0].user_id
    assert sessions.role_now(db, signed.id, user_id) == "admin"
    members.change_role(db, shell, user_id, "analyst")
    assert sessions.role_now(db, signed.id, user_id) == "analyst"
    members.remove(db, shell, user_id)
    assert sessions.role_now(db, signed.id, user_id) is None
    assert refused(db, fresh_sign_in, datetime.now(UTC)) == "uninvited"
    members.take_back(db, shell, user_id)
    assert refused(db, fresh_sign_in, datetime.now(UTC)) == "ended"  # taken back, they sign in anew
    enter(db, identity_of(claims(at=datetime.now(UTC), nonce="n3")), HOURS)


def test_the_role_of_now_counts_in_services(db: Database) -> None:
    role: list[Any] = ["admin"]
    actor = Actor(1, "admin", 1, lambda: role[0])
    require(actor, "people.manage")
    role[0] = "reviewer"
    with pytest.raises(Forbidden, match="Your role, reviewer, may not"):
        require(actor, "people.manage")
    role[0] = None
    with pytest.raises(Forbidden, match="session has ended"):
        require(actor, "text.read")


def test_one_person_in_two_workspaces(db: Database) -> None:
    invited(db, workspace="Acme", role="admin")
    invited(db, workspace="Beta", role="reviewer")
    invited(db, "bob", workspace="Gamma")
    signed = enter(db, identity_of(claims()), HOURS, NOON)
    assert [(m.workspace, m.role) for m in signed.memberships] == [("Acme", "admin"), ("Beta", "reviewer")]
    beta = signed.memberships[1]
    sessions.choose(db, signed, beta.workspace_id)
    assert enter(db, identity_of(claims()), HOURS, NOON).last == beta  # a new tab opens there
    assert enter(db, identity_of(claims(nonce="n2")), HOURS, NOON).last == beta  # and so does the next sign-in
    with pytest.raises(NotFound):
        sessions.choose(db, signed, beta.workspace_id + 1)  # Gamma is not theirs
    assert signed.member(beta.workspace_id + 1) is None
    members.remove(db, shell_actor(db, "Beta"), beta.user_id)
    left = enter(db, identity_of(claims(nonce="n4")), HOURS, NOON)
    assert [m.workspace for m in left.memberships] == ["Acme"]


def test_an_invitation_to_one_more_workspace_needs_no_new_sign_in(db: Database) -> None:
    invited(db, workspace="Acme")
    enter(db, identity_of(claims()), HOURS, NOON)
    invited(db, role="analyst", workspace="Beta")
    invited(db, "bob", workspace="Gamma")

    def after(seconds: int, **more: Any) -> list[tuple[str, str]]:
        signed = enter(db, identity_of(claims(**more)), HOURS, NOON + timedelta(seconds=seconds))
        return [(m.workspace, m.role) for m in signed.memberships]

    assert after(59) == [("Acme", "reviewer")]  # a click is written down once a minute
    assert after(60, email_verified=False) == [("Acme", "reviewer")]  # nobody has verified whose address that is
    assert after(120) == [("Acme", "reviewer"), ("Beta", "analyst")] == after(121)
    assert [i.email for i in invitations.pending(db, shell_actor(db, "Beta"))] == []
    assert audit.verify(db, shell_actor(db, "Beta")).broken_at is None


def test_invitations_say_what_is_wrong_with_them(db: Database) -> None:
    admin = person(db, "admin")
    invitations.invite(db, admin, " New@Example.com ", "analyst")
    for email, role, words in (
        ("new@example.com", "admin", "invited already, as analyst"),
        ("nobody", "admin", "not an e-mail address"),
        ("x@example.com", "owner", "no role 'owner'"),
    ):
        with pytest.raises(invitations.InvitationError, match=words):
            invitations.invite(db, admin, email, role)
    enter(db, identity_of(claims("new")), HOURS, NOON)
    with pytest.raises(invitations.InvitationError, match="in this workspace already"):
        invitations.invite(db, admin, "new@example.com", "admin")


def test_the_last_admin_stays(db: Database) -> None:
    invited(db, role="admin")
    member = enter(db, identity_of(claims()), HOURS, NOON).memberships[0]
    ann = Actor(member.user_id, "admin", member.workspace_id)
    for change in (
        lambda: members.remove(db, ann, ann.user_id),
        lambda: members.change_role(db, ann, ann.user_id, "analyst"),
    ):
        with pytest.raises(members.MemberError, match="last admin"):
            change()
    invited(db, "bob", role="admin")
    enter(db, identity_of(claims("bob")), HOURS, NOON)
    members.change_role(db, ann, ann.user_id, "analyst")
    (first, second) = members.members(db, shell_actor(db, "Acme")).people
    assert [(first.name, first.role), (second.name, second.role)] == [("Ann", "analyst"), ("Bob", "admin")]


def test_workspace_names_and_settings(db: Database) -> None:
    ours, theirs = person(db, "admin"), person(db, "admin", "Theirs")
    change_settings(db, ours, {"review_overlap": 3, "export_approved_only": True})
    with db.read() as session:
        assert workspace_settings(session, ours).review_overlap == 3
        assert workspace_settings(session, theirs).review_overlap == 2
    for changes in ({"review_overlap": 6}, {"review_overlap": True}, {"colour": "red"}):
        with pytest.raises(SettingError):
            change_settings(db, ours, changes)
    assert rename(db, ours, "  Ours   again ") == "Ours again"
    for name in ("Theirs", " ", "x" * 121):
        with pytest.raises(SettingError):
            rename(db, ours, name)


@pytest.mark.parametrize(
    ("where", "own"),
    [("127.0.0.1", True), ("127.8.0.1", True), ("::1", True), ("[::1]", True), ("localhost", True), ("0.0.0.0", False),
     ("::", False), ("192.168.0.4", False), ("studio.example.com", False), ("", False), (None, False),
     ("localhost.example.com", False), ("unix:///tmp/x", False)],
)  # fmt: skip
def test_which_addresses_are_this_computers_own(where: str | None, own: bool) -> None:
    assert address.loopback(where) is own


def test_the_studio_listens_elsewhere_only_with_a_sign_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STREAMLIT_SERVER_ADDRESS", "STREAMLIT_SECRETS_FILES"):
        monkeypatch.delenv(name, raising=False)
    home, project = tmp_path / "home", tmp_path / "project"
    for folder in (home, project):
        (folder / ".streamlit").mkdir(parents=True)
    assert address.address_of(None, home, project) == "127.0.0.1"  # Streamlit's own default would be every network
    (project / ".streamlit" / "config.toml").write_text('[server]\naddress = "10.1.2.3"\n')
    assert address.address_of(None, home, project) == "10.1.2.3"
    monkeypatch.setenv("STREAMLIT_SERVER_ADDRESS", "0.0.0.0")
    assert address.address_of(None, home, project) == "0.0.0.0"
    assert address.address_of("::1", home, project) == "::1"
    secrets = project / ".streamlit" / "secrets.toml"
    assert not address.sign_in_configured(home, project)
    secrets.write_text('[other]\nkey = "x"\n')
    assert not address.sign_in_configured(home, project)
    secrets.write_text('[auth]\nclient_id = "x"\n')
    assert address.sign_in_configured(home, project)
    secrets.write_text("[auth\n")
    with pytest.raises(ValueError, match="cannot be read"):
        address.sign_in_configured(home, project)
    assert "docs/sign-in.md" in address.refusal("0.0.0.0", False)
    assert address.refusal("0.0.0.0", True) == "" == address.refusal("127.0.0.1", False)
