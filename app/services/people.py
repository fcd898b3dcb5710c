"""Who asks, and what they may do. Service calls that read or change rows ask `require(actor, action)`.

Some leave it to the call they make (feedback.pick, drafting.picked_texts, scoring.reword). Without it
are helpers inside the transaction of a call that has asked (drafting.add_text and add_card, stored.py), the
list of drafts under way, which shows the actor's own workspace only (drafting_page.Jobs.of), and
what touches no stored row (parsing lines, scoring in the writer's room, rules).

A role may do what its line below names and nothing else. Single-user mode acts as an admin of the
one workspace. The Actor of somebody who signed in looks its role up at every `require`, so a click of somebody who
was removed or got another role since the page was drawn is refused. Leaves out sign-in (sessions.py), invitations and
the list of people (members.py).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeVar, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import people
from db.models import Owned, User, Workspace
from db.queries import owned
from db.session import Database

Role = Literal["advertiser", "reviewer", "analyst", "admin"]
Action = Literal[
    "brief.read", "brief.write", "text.read", "text.write", "feedback.give", "ad.export", "table.export",
    "review.read", "review.judge", "analytics.read", "results.import", "results.read", "rewards.train",
    "job.read", "writer.read", "writer.change", "round.run", "ad.read", "ad.write", "ad.approve", "ad.live",
    "comment.write", "rule.read", "rule.write", "review.adjudicate", "audit.read", "people.manage",
]  # fmt: skip

ALLOWED: dict[Action, frozenset[Role]] = {
    "brief.read": frozenset({"advertiser", "reviewer", "analyst", "admin"}),
    "brief.write": frozenset({"advertiser", "admin"}),
    "text.read": frozenset({"advertiser", "reviewer", "analyst", "admin"}),
    "text.write": frozenset({"advertiser", "admin"}),
    "feedback.give": frozenset({"advertiser", "admin"}),
    "ad.export": frozenset({"advertiser", "admin"}),
    "table.export": frozenset({"advertiser", "analyst", "admin"}),
    "review.read": frozenset({"reviewer", "analyst", "admin"}),
    "review.judge": frozenset({"reviewer", "admin"}),
    "analytics.read": frozenset({"analyst", "admin"}),
    "results.import": frozenset({"advertiser", "analyst", "admin"}),
    "results.read": frozenset({"advertiser", "analyst", "admin"}),
    "rewards.train": frozenset({"analyst", "admin"}),
    "job.read": frozenset({"advertiser", "reviewer", "analyst", "admin"}),
    "writer.read": frozenset({"analyst", "admin"}),
    "writer.change": frozenset({"analyst", "admin"}),
    "round.run": frozenset({"analyst", "admin"}),
    "ad.read": frozenset({"advertiser", "reviewer", "analyst", "admin"}),
    "ad.write": frozenset({"advertiser", "admin"}),
    "ad.approve": frozenset({"reviewer", "admin"}),
    "ad.live": frozenset({"advertiser", "admin"}),
    "comment.write": frozenset({"advertiser", "reviewer", "analyst", "admin"}),
    "rule.read": frozenset({"advertiser", "reviewer", "analyst", "admin"}),
    "rule.write": frozenset({"reviewer", "admin"}),
    "review.adjudicate": frozenset({"admin"}),
    "audit.read": frozenset({"analyst", "admin"}),
    "people.manage": frozenset({"admin"}),
}
_IN_WORDS: dict[Action, str] = {
    "brief.read": "see briefs",
    "brief.write": "change briefs",
    "text.read": "see texts",
    "text.write": "draft or add texts",
    "feedback.give": "pick, rate or edit texts",
    "ad.export": "export ads",
    "table.export": "export tables",
    "review.read": "see the review queue",
    "review.judge": "give verdicts",
    "analytics.read": "see the analysis",
    "results.import": "import campaign results",
    "results.read": "see campaign results",
    "rewards.train": "train reward models",
    "job.read": "see what is being trained",
    "writer.read": "see the writer's versions",
    "round.run": "run training rounds",
    "writer.change": "change which writer version drafts",
    "ad.read": "see ads",
    "ad.write": "put ads together or send them to review",
    "ad.approve": "approve or reject ads and texts",
    "ad.live": "mark ads as live",
    "comment.write": "comment",
    "rule.read": "see the rules",
    "rule.write": "change the rules",
    "review.adjudicate": "settle disagreements or set gold texts",
    "audit.read": "see the audit log",
    "people.manage": "invite or remove people or change the workspace",
}
LOCAL = "local"  # the subject of single-user mode and of the shell; no sign-in can have it, it has no issuer
FIRST_WORKSPACE = "My workspace"
YOU = "You"  # what who works there is called
LOCAL_NAME = "This computer"  # what others call what was done there
_T = TypeVar("_T", bound=Owned)


class Forbidden(PermissionError):  # noqa: N818  (a refusal, not a fault)
    """The actor's role may not do this; its text is one sentence for the person."""


class NotFound(LookupError):  # noqa: N818
    """No such thing in the actor's workspace. The same answer for a foreign row: nothing leaks."""


@dataclass(frozen=True)
class Actor:
    """Who asks. Made by sign-in or `local_actor`, never from what a page or a URL says."""

    user_id: int
    role: Role
    workspace_id: int
    # what the role is by now; None once the session has ended. Nothing to look up in single-user mode and for jobs
    role_now: "Callable[[], Role | None] | None" = field(default=None, compare=False, repr=False)

    @property
    def author(self) -> str:
        """The actor as author of a text: "person:<id>"."""
        return f"person:{self.user_id}"


def may(actor: Actor, action: Action) -> bool:
    """Whether the actor's role allows the action, for pages; an unknown action or role is denied."""
    return actor.role in ALLOWED.get(action, frozenset())


def require(actor: Actor, action: Action) -> None:
    """Raises Forbidden unless the actor may do this, by the role that counts at this moment."""
    role = actor.role_now() if actor.role_now is not None else actor.role
    if role is None:
        raise Forbidden("Your session has ended, so this was not done; sign in again.")
    if role not in ALLOWED.get(action, frozenset()):
        can = sorted(ALLOWED.get(action, frozenset()))
        ask = f"; ask an {can[0]}" if can and can[0][0] in "aeiou" else f"; ask a {can[0]}" if can else ""
        words = _IN_WORDS.get(action, "do this")
        raise Forbidden(f"Your role, {role}, may not {words}{ask} of your workspace.")


def own(session: Session, actor: Actor, model: type[_T], row_id: int, word: str) -> _T:
    """The row with this id in the actor's workspace, or NotFound. `word` names it for the person."""
    row = owned(session, model, actor.workspace_id, row_id)
    if row is None:
        raise NotFound(f"There is no {word} {row_id} in your workspace; choose one from the list.")
    return row


def actor_of(session: Session, user_id: int) -> Actor:
    """The user with the role of now, for work that goes on without a page; NotFound where it may act no more."""
    user = session.get(User, user_id)
    if user is None or not user.active:
        raise NotFound("The person who started this is no longer in the workspace; start it again yourself.")
    return Actor(user.id, cast(Role, user.role), user.workspace_id)


def names_of(db: Database, actor: Actor, user_ids: Iterable[int]) -> dict[int, str]:
    """What people of the actor's workspace are called, removed ones too; ids of nobody there are left out."""
    require(actor, "text.read")
    with db.read() as session:
        return names_in(session, actor, user_ids)


def inside(name: str) -> str:
    """A name inside a sentence: whoever reads without having signed in is called “You”."""
    return "you" if name == YOU else name


def names_in(session: Session, actor: Actor, user_ids: Iterable[int]) -> dict[int, str]:
    """The same inside the transaction of a call that has asked."""
    rows = people.names(session, actor.workspace_id, user_ids)
    return {i: LOCAL_NAME if subject == LOCAL and i != actor.user_id else name for i, name, subject in rows}


def local_actor(db: Database) -> Actor:
    """The one person of single-user mode; makes the workspace and the user on first use."""
    with db.read() as session:
        found = _local_user(session)
    if found is None:
        with db.write() as session:
            found = _local_user(session) or _add_local_user(session, FIRST_WORKSPACE)
    return Actor(found.id, "admin", found.workspace_id)


def shell_actor(db: Database, workspace: str | None, make: bool = False) -> Actor:
    """Who acts in a workspace from the shell of the studio's computer: its local user, as admin.

    Without a name it is the workspace of single-user mode. `make`: one that is not there yet is made.
    """
    if workspace is None:
        return local_actor(db)
    with db.write() as session:
        home = session.scalar(select(Workspace).where(Workspace.name == workspace))
        if home is None and not make:
            raise NotFound(f"There is no workspace '{workspace}'.")
        if home is None:
            found = _add_local_user(session, workspace)
        else:
            query = select(User).where(User.workspace_id == home.id, User.subject == LOCAL)
            found = session.scalar(query) or _add_local(session, home)
    return Actor(found.id, "admin", found.workspace_id)


def _local_user(session: Session) -> User | None:
    return session.scalar(select(User).where(User.subject == LOCAL, User.active).order_by(User.id).limit(1))


def _add_local_user(session: Session, workspace: str) -> User:
    home = Workspace(name=workspace)
    session.add(home)
    session.flush()
    user = _add_local(session, home)
    home.author_id = user.id
    return user


def _add_local(session: Session, home: Workspace) -> User:
    user = User(workspace_id=home.id, subject=LOCAL, name=YOU, role="admin")
    session.add(user)
    session.flush()
    return user
