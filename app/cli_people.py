"""The part of the `relate` command about people: the first admin, who is in, removing somebody or an invitation.

It acts from the shell of the studio's computer, as admin of any workspace: who may read the database file may do all
this anyway. Leaves out the rules (app/services/invitations.py, members.py).
"""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from relate_engine.config import Settings

if TYPE_CHECKING:
    from app.services.people import Actor
    from db.session import Database


def arguments(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Adds the command; `command` makes one."""
    verbs = command("people", _list, "invite, list or remove people").add_subparsers(dest="verb", required=True)
    sub = verbs.add_parser("invite", help="keep a place for who signs in with this verified e-mail; no mail is sent")
    sub.add_argument("email")
    sub.add_argument("--role", required=True, choices=["advertiser", "reviewer", "analyst", "admin"])
    sub.add_argument("--workspace", metavar="NAME", help="made if it is not there; default: single-user mode's")
    sub.set_defaults(run=_invite)
    sub = verbs.add_parser("list", help="people and open invitations of a workspace")
    sub.add_argument("--workspace", metavar="NAME")
    sub.set_defaults(run=_list)
    sub = verbs.add_parser("remove", help="take somebody out, whose sessions end at once, or withdraw an invitation")
    sub.add_argument("email")
    sub.add_argument("--workspace", metavar="NAME")
    sub.set_defaults(run=_remove)


def _invite(args: argparse.Namespace, config: Settings) -> int:
    from app.services import invitations, workspace
    from app.services.people import shell_actor
    from db.session import open_database

    email = invitations.clean_email(args.email)  # before a workspace is made for it
    name = workspace.clean_name(args.workspace) if args.workspace is not None else None
    db = open_database(config.database)
    invited = invitations.invite(db, shell_actor(db, name, make=True), email, args.role)
    print(f"{invited.email} is invited as {invited.role}. Tell them to sign in; no mail is sent.")
    return 0


def _list(args: argparse.Namespace, config: Settings) -> int:
    from app.services import invitations, members

    db, actor = _open(args, config)
    page = pages = 1
    while page <= pages:
        found = members.members(db, actor, page=page)
        for one in found.people:
            print(f"{one.email or '-'}\t{one.name}\t{one.role}\t{'in' if one.active else 'removed'}")
        page, pages = page + 1, found.pages
    for invited in invitations.pending(db, actor):
        print(f"{invited.email}\t-\t{invited.role}\tinvited")
    return 0


def _remove(args: argparse.Namespace, config: Settings) -> int:
    from app.services import invitations, members
    from app.services.people import NotFound

    db, actor = _open(args, config)
    invited = invitations.pending(db, actor, args.email)
    try:
        removed = members.remove(db, actor, members.by_email(db, actor, args.email).id)
    except NotFound as error:
        if not invited:
            raise ValueError(str(error)) from None
        invitations.withdraw(db, actor, invited[0].id)
        print(f"The invitation of {invited[0].email} is withdrawn.")
        return 0
    print(f"{removed.email} is removed{', and the open invitation is withdrawn' if invited else ''}.")
    return 0


def _open(args: argparse.Namespace, config: Settings) -> "tuple[Database, Actor]":
    """The database, and who acts in the workspace named."""
    from app.services.people import NotFound, shell_actor
    from db.session import open_database

    db = open_database(config.database)
    try:
        return db, shell_actor(db, args.workspace)
    except NotFound as error:
        raise ValueError(str(error)) from None
