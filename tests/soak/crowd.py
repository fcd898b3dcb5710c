"""Many people at once in one studio: they sign in, read, review and draft, and what they did is counted.

Real: a studio process of its own with sign-in by an OpenID provider (oidc-provider-mock), a database with some
thousand texts, one websocket a person (tab.py), the services, the writer's model, one oversample. Made up: how long
people think between two actions. Readers go from page to page and sometimes reload; reviewers give verdicts, some of
them with a double click, skip, and take back; drafters ask for two headlines and wait for them.
An action is timed from the click to the end of the script's run; how long the writer takes is told apart.
`missing_verdicts` compares what people were told with what the database holds.
"""

import asyncio
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select

from app.services import briefs, invitations
from app.services.people import local_actor
from db.models import ReviewSlot, Text, User, Verdict, Version, VersionChange
from db.session import Database, open_database
from relate_engine.brief import Brief
from relate_engine.config import ROOT, settings
from tests.e2e.conftest import _wait, free_port
from tests.scale import seed
from tests.soak.tab import Tab, Trouble, number_in

THINK = {"reader": (4.0, 12.0), "reviewer": (2.0, 6.0), "drafter": (1.0, 2.0)}  # seconds between actions
TEXTS, FEEDBACK, BRIEFS = 4_000, 8_000, 100
DRAFT_S = 400.0  # a draft that takes longer is an error
ASIDE = ("people", "audit")  # pages of an admin


@dataclass
class Crowd:
    """What happened: `told` are verdicts that the studio said it saved, as (who, text)."""

    url: str
    db: Database
    brief_ids: list[int]
    until: float = 0.0
    actions: list[tuple[str, float]] = field(default_factory=list)  # what, seconds
    drafts: list[tuple[str, float]] = field(default_factory=list)  # who, seconds until the texts stood there
    places: set[str] = field(default_factory=set)  # what people in line were told
    told: Counter[tuple[str, int]] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)

    def figures(self) -> str:
        """Number, p50 and p95 of the actions by kind, and of the drafts."""
        lines = [_line(kind, self.seconds(kind)) for kind in self.kinds()]
        lines.append(_line("all actions", [s for _, s in self.actions]))
        if self.drafts:
            lines.append(_line("drafts (generation)", [s for _, s in self.drafts]))
        return "\n".join(lines)

    def kinds(self) -> list[str]:
        return sorted({kind for kind, _ in self.actions})

    def seconds(self, kind: str) -> list[float]:
        return [seconds for did, seconds in self.actions if did == kind]

    def p95(self) -> float:
        return float(np.percentile([seconds for _, seconds in self.actions], 95))

    def p95_by_kind(self) -> dict[str, float]:
        """The 95th percentile of each kind of action, the slowest first."""
        found = {kind: float(np.percentile(self.seconds(kind), 95)) for kind in self.kinds()}
        return dict(sorted(found.items(), key=lambda item: -item[1]))


def _line(what: str, seconds: list[float]) -> str:
    p50, p95 = np.percentile(seconds, [50, 95])
    return f"{what:22} {len(seconds):5}   p50 {p50:6.2f} s   p95 {p95:6.2f} s   longest {max(seconds):6.2f} s"


def run_crowd(folder: Path, readers: int, reviewers: int, drafters: int, seconds: float) -> Crowd:
    """Everybody signs in, then all work at once for `seconds`; drafts that were asked for are waited for."""
    names = [f"reader{n}" for n in range(readers)] + [f"reviewer{n}" for n in range(reviewers)]
    names += [f"drafter{n}" for n in range(drafters)]
    with _studio(folder, names) as crowd:
        with ThreadPoolExecutor(1) as thread:  # a browser's tests may have left an event loop in this one
            thread.submit(asyncio.run, _all(crowd, names, seconds)).result()
        return crowd


def role_of(name: str) -> str:
    """Readers are analysts and advertisers by turns."""
    if name.startswith("reviewer"):
        return "reviewer"
    return "analyst" if name.startswith("reader") and int(name[6:]) % 2 else "advertiser"


def missing_verdicts(crowd: Crowd) -> list[str]:
    """What is wrong with the stored verdicts: lost, doubled, never told, or more looks than a text may have."""
    with crowd.db.read() as session:
        stored: Counter[tuple[str, int]] = Counter()
        rows = session.execute(
            select(Verdict.id, Verdict.text_id, Verdict.outcome, Verdict.supersedes_id, User.email)
            .join(User, User.id == Verdict.author_id)
            .where(User.email.like("reviewer%"), Verdict.settled_by_id.is_(None)).order_by(Verdict.id)
        ).all()  # fmt: skip
        for _, text_id, outcome, _, email in rows:
            stored[email.partition("@")[0], text_id] += -1 if outcome == "withdrawn" else 1
        looks = Counter(session.scalars(select(ReviewSlot.text_id).where(ReviewSlot.verdict_id.is_not(None))))
    wrong = [
        f"{who} was told {crowd.told[who, text]} verdicts on text {text}, {stored[who, text]} are stored"
        for who, text in stored.keys() | crowd.told.keys()
        if stored[who, text] != crowd.told[who, text]
    ]
    wrong += [f"{who} has {count} verdicts on text {text}" for (who, text), count in stored.items() if count > 1]
    return wrong + [f"text {text} had {count} looks" for text, count in looks.items() if count > 2]


def missing_drafts(crowd: Crowd) -> list[str]:
    """Drafters whose texts are not all there, or who got two drafts more than another: the line is not fair."""
    with crowd.db.read() as session:
        stored = {i: session.query(Text).filter_by(brief_id=i).count() for i in crowd.brief_ids}
    made = Counter(who for who, _ in crowd.drafts)
    wrong = [f"drafter{n} got {made[f'drafter{n}']} drafts, but there are no texts"
             for n, i in enumerate(crowd.brief_ids) if made[f"drafter{n}"] and not stored[i]]  # fmt: skip
    each = [made[f"drafter{n}"] for n in range(len(crowd.brief_ids))]
    return wrong + ([f"drafts by person: {each}"] if each and max(each) - min(each) > 1 else [])


@contextmanager
def _studio(folder: Path, names: list[str]) -> Iterator[Crowd]:
    import oidc_provider_mock as provider_mock

    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # the provider of the test speaks http
    users = [provider_mock.User(sub=n, claims={"email": f"{n}@example.com", "email_verified": True, "name": n.title()})
             for n in names]  # fmt: skip
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    db = open_database(f"sqlite:///{folder / 'home' / 'relate.db'}")
    seed(db, TEXTS, FEEDBACK, BRIEFS)
    with db.write() as session:  # the seed's writers have no files
        session.query(VersionChange).delete()
        session.query(Version).delete()
    admin = local_actor(db)
    for name in names:
        invitations.invite(db, admin, f"{name}@example.com", role_of(name))
    mine = [
        briefs.save_brief(db, admin, Brief(product=f"Oak Desk {n}", description="A desk of solid oak for two.")).id
        for n in range(sum(name.startswith("drafter") for name in names))
    ]
    with provider_mock.run_server_in_thread(user_claims=users) as provider:
        secrets = folder / "secrets.toml"
        secrets.write_text(
            f'[auth]\nredirect_uri = "{url}/oauth2callback"\ncookie_secret = "a-secret-of-the-test-0123456789"\n'
            'client_id = "studio"\nclient_secret = "studio"\n'
            f'server_metadata_url = "http://localhost:{provider.server_port}/.well-known/openid-configuration"\n'
        )
        log = folder / "studio.log"
        environment = os.environ | {
            "RELATE_HOME": str(folder / "home"), "RELATE_CACHE": str(settings().cache), "RELATE_OVERSAMPLE": "1",
            "STREAMLIT_SECRETS_FILES": str(secrets),
        }  # fmt: skip
        command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app" / "main.py"), "--server.port", str(port)]
        with log.open("wb") as out:
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT)
        crowd = Crowd(url, db, mine)
        try:
            _wait(process, f"{url}/_stcore/health", log)
            yield crowd
            if process.poll() is not None:
                crowd.errors.append(f"the studio ended with {process.returncode}")
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:  # still loading a model
                process.kill()
                process.wait()
            said = log.read_text("utf-8", "replace")
            if "Traceback" in said:
                crowd.errors.append(said[said.index("Traceback") :][:2000])


async def _all(crowd: Crowd, names: list[str], seconds: float) -> None:
    tabs = {name: Tab(crowd.url, CookieJar()) for name in names}
    for name, tab in tabs.items():
        try:
            await tab.sign_in(name)
        except Trouble as error:
            crowd.errors.append(f"{name} could not sign in: {error}")
    crowd.until = time.monotonic() + seconds
    days = []
    for number, (name, tab) in enumerate(tabs.items()):
        day = _reads if name.startswith("reader") else _reviews if name.startswith("reviewer") else _drafts
        days.append(_safely(crowd, name, day(crowd, name, tab, random.Random(number))))
    await asyncio.gather(*days)
    for tab in tabs.values():
        await tab.close()


async def _safely(crowd: Crowd, name: str, day: Coroutine[Any, Any, None]) -> None:
    try:
        await day
    except Exception as error:  # whatever ended somebody's day is told with their name
        crowd.errors.append(f"{name}: {type(error).__name__}: {error}")


def _did(crowd: Crowd, who: str, what: str, took: float, tab: Tab) -> None:
    crowd.actions.append((what, took))
    crowd.errors += [f"{who}, {what}: {problem}" for problem in tab.problems()]


async def _think(kind: str, chance: random.Random) -> None:
    await asyncio.sleep(chance.uniform(*THINK[kind]))


async def _reads(crowd: Crowd, who: str, tab: Tab, chance: random.Random) -> None:
    await asyncio.sleep(chance.uniform(0, THINK["reader"][1]))  # nobody comes on the stroke of a bell
    while time.monotonic() < crowd.until:
        path = chance.choice([path for path in tab.pages if path not in ASIDE])
        if chance.random() < 0.15:
            _did(crowd, who, "reload", await tab.open(path), tab)
        else:
            _did(crowd, who, "page", await tab.go(path), tab)
        await _think("reader", chance)


async def _reviews(crowd: Crowd, who: str, tab: Tab, chance: random.Random) -> None:
    _did(crowd, who, "page", await tab.open("review"), tab)
    while time.monotonic() < crowd.until:
        await _think("reviewer", chance)
        button = tab.find("button", lambda b: b.label == "Compliant")
        if button is None:
            crowd.errors.append(f"{who} has nothing to review: {tab.words()[:300]}")
            return
        text = number_in("review_", button.body.id)
        lot = chance.random()
        if lot < 0.1:
            _did(crowd, who, "skip", await tab.press("Skip"), tab)
            continue
        # who escalates need not answer each suggestion, and a tab here cannot choose in a segmented control
        plain = lot < 0.8 and tab.find("button", lambda b: b.label == "Dismiss all") is None
        took = await tab.press("Compliant" if plain else "Escalate", times=2 if lot < 0.25 else 1)
        _did(crowd, who, "verdict", took, tab)
        if "Saved:" not in tab.words():
            crowd.errors.append(f"{who}: no word about the verdict on {text}: {tab.words()[:300]}")
            continue
        crowd.told[who, text] += 1
        if lot > 0.95:
            await _think("reviewer", chance)
            _did(crowd, who, "undo", await tab.press("Undo"), tab)
            crowd.told[who, text] -= 1


async def _drafts(crowd: Crowd, who: str, tab: Tab, chance: random.Random) -> None:
    _did(crowd, who, "page", await tab.open("draft", f"brief={crowd.brief_ids[int(who[7:])]}"), tab)
    _did(crowd, who, "fill", await tab.fill("number_input", "How many", 2, "double_value"), tab)
    while time.monotonic() < crowd.until:
        await _think("drafter", chance)
        began = time.monotonic()
        _did(crowd, who, "ask for a draft", await tab.press("Draft these"), tab)
        while stop := tab.find("button", lambda b: b.label == "Stop"):
            crowd.places.update(part for part in tab.words().split(" | ") if "in line" in part)
            await asyncio.sleep(0.8)
            await tab.look_again(stop)
            if time.monotonic() - began > DRAFT_S:
                raise Trouble(f"no draft within {DRAFT_S:.0f} s: {tab.words()[:300]}")
        crowd.drafts.append((who, time.monotonic() - began))
        crowd.errors += [f"{who}, draft: {problem}" for problem in tab.problems()]
