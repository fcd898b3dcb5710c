"""Every service, found by looking: it refuses a role without the right, and shows and changes nothing of another
workspace, whatever ids it is given.

Which right each service asks for is the table of service_actions.py; every role without it is refused by those words.
A service is a public function of app.services that takes `db` and `actor`. Arguments are made up from their names and
types, so a new service needs its line in that table and no other; one that cannot be called so is named in ARGS with
what it needs, or in TOLD with the reason why it is not tried.
"""

import importlib
import inspect
import io
import pkgutil
import re
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pandas as pd
import pytest
from sqlalchemy import func, select

import app.services
from app.services import briefs, drafting
from app.services.analytics import View
from app.services.people import _IN_WORDS, ALLOWED, Actor, Forbidden, NotFound, Role
from app.services.stored import StoredBrief, StoredText
from db import models
from db.base import Base
from db.session import Database, StorageError
from relate_engine.config import Settings
from tests.unit.service_actions import ASKS
from tests.unit.studio import Draft, brief, card, fresh, person

VERSIONS = ("version", "old", "new")
MARK = "ZEBRA"  # is in every text of theirs, and in nothing of ours
SENTENCES = (NotFound, Forbidden, ValueError, LookupError, StorageError)  # what a person may be told

# services that ask no role themselves, and why that is right
_REWARDS = "which reward model scores in the actor's own workspace: every draft and page that scores asks its own right"
OPEN = {
    "advertiser.judge": "a measurement on a database of its own; stores through services that ask",
    "learning.active_rewards": _REWARDS,
    "learning.active_version": _REWARDS,
    "learning.in_use": _REWARDS,
    "learning.newest": _REWARDS,
    "versions.usable": "a check inside promote and the trial, which ask",
}
# services whose arguments are the engine's own objects: covered by the tests named
TOLD = {
    "analytics_decision.advice": "takes a version that versions.versions has given out, which is tried",
}
# services that are given ids of another workspace and answer as if nothing were there, and how
EMPTY = {
    "ad_working.kept": "nothing kept",
    "ads.list_ads": "an empty page",
    "analytics_blind.choose": "a sentence: the two versions have no such pair here",
    "analytics_blind.next_pair": "no pair",
    "analytics_blind.preference": "no choices",
    "analytics_rounds.steps": "an empty frame",
    "analytics_samples.groups": "no groups",
    "client_export.choose": "no texts",
    "client_export.export_all": "no file",
    "draft_working.kept_wordings": "no wordings",
    "learning.undo_rewards": "a sentence: no reward model is in use here",
    "learning.use_rewards": "a sentence that names the versions of this workspace",
    "people.names_of": "no names",
    "rulebook_publish.use_version": "a sentence that names the version in use here",
    "review_card.veiled": "none, as of a text that is no blind look of this person",
    "text_statuses.statuses_of": "draft, as of a text that nobody has moved",
    "decisions.decisions_of": "nothing, as of a text that nobody has decided about",
    "trials.trial_counts": "no trial",
    "versions.rollback": "a sentence: there is nothing to roll back here",
}
ROLES: tuple[Role, ...] = ("advertiser", "reviewer", "analyst", "admin")
# arguments that names and types do not give
ARGS: dict[str, dict[str, Any]] = {
    "briefs.save_brief": {"brief": brief("Our rack")},
    "drafting.add_own_lines": {"cards": [card("Our own line")]},
    "scoring.score_again": {"brief": brief()},
    "scoring.score_wording": {"wording": "Our own words"},
    "jobs.start": {"kind": "rewards"},
    "jobs.run_here": {"kind": "rewards"},
    "importing.import_file": {"source": b"no results"},
}


def services() -> Iterator[tuple[str, Callable[..., Any]]]:
    for found in pkgutil.iter_modules(app.services.__path__):
        module = importlib.import_module(f"app.services.{found.name}")
        for name, function in vars(module).items():
            if name.startswith("_") or not inspect.isfunction(function) or function.__module__ != module.__name__:
                continue
            if {"db", "actor"} <= set(inspect.signature(function).parameters):
                yield f"{found.name}.{name}", function


SERVICES = dict(services())


class Theirs:
    """One row of everything in another workspace."""

    def __init__(self, db: Database) -> None:
        them = person(db, "admin", "Theirs")
        self.workspace = them.workspace_id
        kept = briefs.save_brief(db, them, brief(f"{MARK} rack"))
        shown = drafting.store_generation(db, them, kept.id, Draft((card(f"{MARK} one"), card(f"{MARK} two"))))  # type: ignore[arg-type]
        self.text_ids = [text.id for text in shown.texts]
        owner = {"workspace_id": them.workspace_id, "author_id": them.user_id}
        with db.write() as session:
            invited = models.Invitation(email=f"{MARK.lower()}@x.com", role="admin", **owner)
            job = models.Job(kind="rewards", request={"note": MARK}, **owner)
            brought = models.Import(name=f"{MARK}.csv", content="0" * 64, format="plain", placement="google_rsa",
                                    state="visible", summary={}, **owner)  # fmt: skip
            verdict = models.Verdict(text_id=self.text_ids[0], outcome="violation", rules=[], spans=[], comment=MARK,
                                     **owner)  # fmt: skip
            ad = models.Ad(brief_id=kept.id, name=f"{MARK} ad", placement="google_rsa", **owner)
            session.add_all([invited, job, brought, verdict, ad])
            session.add_all(
                [models.Version(kind=kind, version="v9", manifest={"note": MARK}, **owner)
                 for kind in ("policy", "reward", "rule")]
            )  # fmt: skip
            session.flush()
            slots = [{"slot": "headline", "text_id": i, "pin": None} for i in self.text_ids]
            revision = models.AdRevision(ad_id=ad.id, number=1, slots=slots, note=MARK, **owner)
            session.add(revision)
            session.flush()
            self.ids = {
                "brief_id": kept.id, "generation_id": shown.id, "text_id": self.text_ids[0], "user_id": them.user_id,
                "invitation_id": invited.id, "job_id": job.id, "import_id": brought.id, "verdict_id": verdict.id,
                "ad_id": ad.id, "revision_id": revision.id,
            }  # fmt: skip
        self.lists = {"text_ids": self.text_ids, "brief_ids": [kept.id], "user_ids": [them.user_id]}
        self.version = "v9"
        self.things = {StoredBrief: kept, StoredText: shown.texts[0], Sequence[StoredText]: shown.texts}

    def rows(self, db: Database) -> dict[str, list[Any]]:
        """Everything that is stored of theirs."""
        with db.read() as session:
            return {
                table.name: [
                    tuple(row) for row in session.execute(select(table).where(table.c.workspace_id == self.workspace))
                ]
                for table in Base.metadata.sorted_tables
                if "workspace_id" in table.c
            }


def made_up(name: str, kind: Any, theirs: Theirs | None, config: Settings) -> Any:
    """An argument for a parameter of this name and type; ids are theirs."""
    if kind is View:
        return View(date(2020, 1, 1), date(2099, 1, 1))
    if theirs is not None:
        if name in theirs.ids:
            return theirs.ids[name]
        if name in theirs.lists:
            return theirs.lists[name]
        if name in VERSIONS:
            return theirs.version
        if kind in theirs.things:
            return theirs.things[kind]
    if name == "out":
        return io.BytesIO()
    if name in ("email",):
        return "somebody@example.com"
    if name == "role":
        return "analyst"
    if kind is Settings:
        return config
    plain = {int: 1, str: "x", float: 1.0, bool: False, bytes: b"x", Path: Path("x")}
    if kind in plain:
        return plain[kind]
    origin = typing.get_origin(kind)
    if origin is typing.Literal:
        return typing.get_args(kind)[0]
    if origin is Mapping or origin is dict:
        return {}
    if origin is not None and issubclass(origin if inspect.isclass(origin) else type(None), typing.Iterable):  # type: ignore[arg-type]
        return []
    return MagicMock()


def arguments(key: str, function: Callable[..., Any], theirs: Theirs | None, config: Settings) -> dict[str, Any]:
    """Made-up arguments for all parameters but db and actor, defaults left alone unless they name something stored."""
    try:
        kinds = typing.get_type_hints(function)
    except NameError:  # types that only the checker imports
        kinds = {}
    given: dict[str, Any] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if name in ("db", "actor") or parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        there = theirs is not None and (name in theirs.ids or name in theirs.lists or name == "version")
        if parameter.default is parameter.empty or there:
            given[name] = made_up(name, kinds.get(name), theirs, config)
    return given | ARGS.get(key, {})


def is_theirs(value: Any, theirs: Theirs) -> bool:
    return any(value is thing for thing in theirs.things.values())


def stored(db: Database, us: Actor) -> dict[str, int]:
    """How many rows of each kind are ours."""
    with db.read() as session:
        return {
            table.name: session.scalar(
                select(func.count()).select_from(table).where(table.c.workspace_id == us.workspace_id)
            ) or 0
            for table in Base.metadata.sorted_tables
            if "workspace_id" in table.c
        }  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Database, Actor, Theirs, Settings]:
    folder = tmp_path_factory.mktemp("world")
    db = fresh(folder)
    config = Settings(_env_file=None, home=folder / "home", cache=folder / "cache")  # type: ignore[call-arg]
    return db, person(db, "admin"), Theirs(db), config


def call(function: Callable[..., Any], db: Database, actor: Actor, given: Mapping[str, Any]) -> Any:
    result = function(db, actor, **given)
    return list(result) if inspect.isgenerator(result) else result


@pytest.mark.parametrize("key", [k for k in SERVICES if k not in OPEN])
def test_a_role_without_the_right_is_refused(key: str, world: tuple[Database, Actor, Theirs, Settings]) -> None:
    db, us, _, config = world
    nobody = Actor(us.user_id, "nobody", us.workspace_id)  # type: ignore[arg-type]
    with pytest.raises(Forbidden, match=re.escape(f"may not {_IN_WORDS[ASKS[key]]};")):
        call(SERVICES[key], db, nobody, arguments(key, SERVICES[key], None, config))


def test_every_service_has_its_line_and_no_line_is_left_over() -> None:
    assert {*ASKS} == {*SERVICES} - {*OPEN}, "give each new service its line in service_actions.py"


@pytest.mark.parametrize(
    ("key", "role"), [(k, role) for k in SERVICES if k in ASKS for role in ROLES if role not in ALLOWED[ASKS[k]]]
)
def test_each_role_outside_the_table_is_refused(
    key: str, role: Role, world: tuple[Database, Actor, Theirs, Settings]
) -> None:
    db, us, _, config = world
    before = stored(db, us)
    with pytest.raises(Forbidden, match=f"^Your role, {role}, may not {re.escape(_IN_WORDS[ASKS[key]])};"):
        call(SERVICES[key], db, Actor(us.user_id, role, us.workspace_id), arguments(key, SERVICES[key], None, config))
    assert stored(db, us) == before


@pytest.mark.parametrize("key", [k for k in SERVICES if k not in TOLD])
def test_nothing_of_another_workspace(key: str, world: tuple[Database, Actor, Theirs, Settings]) -> None:
    db, us, theirs, config = world
    before = theirs.rows(db)
    given, refused = arguments(key, SERVICES[key], theirs, config), False
    try:
        result = call(SERVICES[key], db, us, given)
    except SENTENCES as error:
        result, refused = str(error), isinstance(error, (NotFound, Forbidden))
    named = [n for n, v in given.items() if n in (*theirs.ids, *theirs.lists, *VERSIONS) or is_theirs(v, theirs)]
    assert refused or not named or key in EMPTY, f"{named} of another workspace gave {result!r}"
    said = result.to_string() if isinstance(result, pd.DataFrame) else repr(result)
    said += "".join(repr(v.getvalue()) for v in given.values() if isinstance(v, io.BytesIO))
    assert MARK.lower() not in said.lower(), said
    assert theirs.rows(db) == before


def test_services_are_found() -> None:
    assert len(SERVICES) > 60
    assert {*OPEN, *TOLD, *ARGS, *EMPTY} <= set(SERVICES), "a service named here is gone"
