"""What the shell of the machine needs beside the audit log's services: whose log, and filters given as words.

Whoever runs commands here can read the database's file anyway, so no workspace is closed to them.
"""

from dataclasses import replace
from datetime import timedelta

from app.services.audit_log import people_in
from app.services.people import Actor, local_actor, require
from db import audit as rows
from db.audit import Filter
from db.models import utc_now
from db.session import Database
from relate_engine.brief import BriefError


def workspaces(db: Database) -> list[str]:
    """The names of all workspaces, oldest first."""
    with db.read() as session:
        return [name for _, name in rows.workspaces(session)]


def actor_for(db: Database, workspace: str | None) -> Actor:
    """The person of the shell in the workspace of this name; without one the only workspace, or the shell's own."""
    with db.read() as session:
        known = {name: number for number, name in rows.workspaces(session)}
    if workspace is not None and workspace not in known:
        raise BriefError(f"There is no workspace '{workspace}'; there are: {', '.join(known) or 'none'}.")
    me = local_actor(db)
    if workspace is not None:
        return replace(me, workspace_id=known[workspace])
    return replace(me, workspace_id=next(iter(known.values()))) if len(known) == 1 else me


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
