"""Putting folders in the place of others, all of them or none, and keeping what was there beside it.

`prepared` tries everything that may fail while nothing is changed yet; `done` is then renaming alone, and what it did
can be undone where something fails all the same. A folder is exchanged as a whole; of a link's target, or of a mount,
what is inside is exchanged, so that the link or mount stays. Leaves out what the folders are (backup.py).
"""

import errno
import os
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

KEPT = ".before-restore-"  # in the name of all that is kept


@dataclass
class Exchange:
    """Steps that are ready to be done: (from, to) in order. `kept`: where that which is replaced will be."""

    kept: list[Path] = field(default_factory=list)
    steps: list[tuple[Path, Path]] = field(default_factory=list)
    made: list[Path] = field(default_factory=list)  # for it; without use where it is not done, or undone
    _taken: list[tuple[Path, Path]] = field(default_factory=list)

    def done(self) -> None:
        """Does all steps. Where one cannot be, or is interrupted, those before it are undone."""
        try:
            for old, new in self.steps:
                old.rename(new)
                self._taken.append((old, new))
        except BaseException:
            self.undone()
            raise

    def undone(self) -> None:
        """Everything is where it was before."""
        while self._taken:
            old, new = self._taken.pop()
            new.rename(old)
        for folder in self.made:  # by now they hold copies alone
            shutil.rmtree(folder, ignore_errors=True)

    def tidied(self) -> None:
        """After all is done: what it needed no longer is removed."""
        for folder in self.made:
            with suppress(OSError):  # only where it is empty: what is kept stays
                folder.rmdir()


def prepared(pairs: Iterable[tuple[Path, Path]], away: Sequence[Path], stamp: str) -> Exchange:
    """The exchange of each first folder for the second (one that is not there leaves none), and of those in `away` for
    none. OSError where one of them cannot be exchanged, with nothing changed."""
    exchange = Exchange()
    try:
        for old, new in [*pairs, *((path, path.with_name(f".{stamp}")) for path in away)]:
            _prepare(exchange, old, new, stamp)
    except BaseException:
        exchange.undone()
        raise
    return exchange


def _prepare(exchange: Exchange, old: Path, new: Path, stamp: str) -> None:
    if old.is_symlink() or not _movable(old, stamp):
        _prepare_inside(exchange, old.resolve(), new, stamp)
        return
    if old.exists():
        kept = old.with_name(f"{old.name}.{stamp}")
        exchange.steps.append((old, kept))
        exchange.kept.append(kept)
    if new.exists():
        exchange.steps.append((new, old))


def _prepare_inside(exchange: Exchange, place: Path, new: Path, stamp: str) -> None:
    """The same of what is inside `place`. The new lies ready on its file system before; the old is kept in it."""
    kept, ready = place / f"kept.{stamp}", place / f".{stamp}.restored"
    there = [path for path in place.iterdir() if not left_alone(path.name)] if place.exists() else []
    exchange.made += [ready, kept]
    ready.mkdir(parents=True)
    kept.mkdir()
    for path in there:
        exchange.steps.append((path, kept / path.name))
    if new.exists():
        shutil.copytree(new, ready, dirs_exist_ok=True)
        exchange.steps += [(path, place / path.name) for path in ready.iterdir()]
    if there:
        exchange.kept.append(kept)


def left_alone(name: str) -> bool:
    """What is no content of a folder: what restores have kept in it, and what the root of a file system has."""
    return KEPT in name or name == "lost+found"


def _movable(old: Path, stamp: str) -> bool:
    """Whether the folder can be given another name; not so a mount. OSError where it may not be touched at all."""
    if not old.exists():
        return True
    if os.path.ismount(old):
        return False
    tried = old.with_name(f"{old.name}.{stamp}")
    try:
        old.rename(tried)
    except OSError as error:
        if error.errno in (errno.EBUSY, errno.EXDEV):
            return False
        raise
    tried.rename(old)
    return True
