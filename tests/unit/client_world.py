"""What the tests of a whole client share: its briefs, made from an Editor export."""

from app.services import clients
from app.services.client_file import ClientFile
from app.services.people import Actor
from db.session import Database


def made(db: Database, actor: Actor, file: ClientFile, draft: bool = True) -> list[int]:
    planned = [one for one in clients.plan(db, actor, file) if not one.trouble and one.known is None]
    return clients.make_briefs(db, actor, planned, ["us"], draft)
