"""Versions of a workspace: reward models and writers, and who changed which writer drafts.

At most one version of a kind is active in a workspace; the database enforces it, so the old one is put away first.
Plain functions over an open session, as db/queries.py. Leaves out the files of a version.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.models import Version, VersionChange


def active(session: Session, workspace_id: int, kind: str) -> Version | None:
    """The version in use, if any."""
    return session.scalar(
        select(Version).where(Version.workspace_id == workspace_id, Version.kind == kind, Version.active)
    )


def named(session: Session, workspace_id: int, kind: str, version: str) -> Version | None:
    query = select(Version).where(Version.workspace_id == workspace_id, Version.kind == kind)
    return session.scalar(query.where(Version.version == version))


def versions(session: Session, workspace_id: int, kind: str) -> Sequence[Version]:
    """All versions of a kind, newest first."""
    query = select(Version).where(Version.workspace_id == workspace_id, Version.kind == kind)
    return session.scalars(query.order_by(Version.id.desc())).all()


def activate(session: Session, workspace_id: int, kind: str, version: str | None) -> None:
    """Puts one version in use, or none."""
    mine = (Version.workspace_id == workspace_id, Version.kind == kind)
    session.execute(update(Version).where(*mine, Version.active).values(active=False))
    if version is not None:
        session.execute(update(Version).where(*mine, Version.version == version).values(active=True))


def add_version(
    session: Session, workspace_id: int, author_id: int, kind: str, version: str, manifest: Mapping[str, Any]
) -> None:
    """A new version whose parent is the one in use; put in use itself. One that is known keeps its parent, and its
    manifest is that of now, when it was made again."""
    now, known = active(session, workspace_id, kind), named(session, workspace_id, kind, version)
    if known is not None:
        known.manifest = dict(manifest)
    else:
        session.add(
            Version(
                workspace_id=workspace_id, author_id=author_id, kind=kind, version=version,
                parent=now.version if now else None, manifest=dict(manifest),
            )
        )  # fmt: skip
        session.flush()
    activate(session, workspace_id, kind, version)


def add_candidate(
    session: Session,
    workspace_id: int,
    author_id: int,
    kind: str,
    version: str,
    parent: str | None,
    manifest: Mapping[str, Any],
) -> None:
    """A new version that is not put in use; one that is known stays as it is."""
    if named(session, workspace_id, kind, version) is None:
        session.add(
            Version(
                workspace_id=workspace_id, author_id=author_id, kind=kind, version=version, parent=parent,
                manifest=dict(manifest),
            )
        )  # fmt: skip
        session.flush()


def add_change(
    session: Session, workspace_id: int, author_id: int, kind: str, before: str | None, after: str | None, reason: str
) -> None:
    """Notes a change of the writer in use, or of its trial."""
    session.add(
        VersionChange(
            workspace_id=workspace_id, author_id=author_id, kind=kind, from_version=before, to_version=after,
            reason=reason,
        )
    )  # fmt: skip
    session.flush()


def changes(session: Session, workspace_id: int) -> Sequence[VersionChange]:
    """Everything that was changed, oldest first."""
    query = select(VersionChange).where(VersionChange.workspace_id == workspace_id)
    return session.scalars(query.order_by(VersionChange.id)).all()


def trial(session: Session, workspace_id: int) -> VersionChange | None:
    """The trial that runs, if any: the newest row about trials, unless it ended one."""
    query = select(VersionChange).where(VersionChange.workspace_id == workspace_id, VersionChange.kind == "trial")
    newest = session.scalar(query.order_by(VersionChange.id.desc()).limit(1))
    return newest if newest is not None and newest.to_version is not None else None
