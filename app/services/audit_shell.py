"""What the shell of the machine needs beside the audit log's services: whose log, and filters given as words.

Whoever runs commands here can read the database's file anyway, so no workspace is closed to them.
"""

from dataclasses import replace
from datetime import timedelta

from app.services.audit_log import people_in
from app.services.people import LOCAL, Actor, local_actor, require, shell_actor
from db import audit as rows
from db.audit import Filter
from db.models import utc_now
from db.people import user_by_subject
from db.session import Database
from relate_engine.brief import BriefError


def workspaces(db: Database) -> list[str]:
    """The names of all workspaces, oldest first."""
    with db.read() as session:
        return [name for _, name in rows.workspaces(session)]


def actor_for(db: Database, workspace: str | None) -> Actor:
    """The shell's own person in the workspace of this name; without one in the only workspace, or single-user mode's.

    Of the workspace itself, made where it has none: the author of an export belongs to the log it stands in."""
    with db.read() as session:
        known = {name: number for number, name in rows.workspaces(session)}
    if workspace is not None and workspace not in known:
        raise BriefError(f"There is no workspace '{workspace}'; there are: {', '.join(known) or 'none'}.")
    if workspace is None and len(known) != 1:
        return local_actor(db)
    name = workspace if workspace is not None else next(iter(known))
    with db.read() as session:  # `shell_actor` waits for its turn to write, though it has nothing to write as a rule
        found = user_by_subject(session, known[name], LOCAL)
    return Actor(found.id, "admin", known[name]) if found is not None else shell_actor(db, name)


def filter_of(
    db: Database, actor: Actor, person: str | None, action: str | None, thing: str | None, days: int | None
) -> Filter:
    """A filter of words: a person's name, "object.verb", "kind" or "kind:id", and days back."""
    require(actor, "audit.read")
    wanted = Filter(action=action)
    if person is not None:
        with db.read() as session:
            found = [i for i, name in people_in(session, actor).items() if name == person]
        if not found:
            raise BriefError(f"Nobody in the workspace is called '{person}'.")
        if len(found) > 1:
            raise BriefError(f"{len(found)} people are called '{person}'; filter an export instead.")
        wanted = replace(wanted, author_id=found[0])
    if thing is not None:
        kind, _, number = thing.partition(":")
        if number and not (number.isdecimal() and len(number) < 19):
            raise BriefError(f"The object '{thing}' must be KIND or KIND:ID, such as text:12.")
        wanted = replace(wanted, object_type=kind, object_id=int(number) if number else None)
    if days is not None:
        if not 1 <= days <= 36_500:
            raise BriefError(f"{days} days cannot be; give 1 to 36,500.")
        wanted = replace(wanted, since=utc_now() - timedelta(days=days))
    return wanted
