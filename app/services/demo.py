"""The demo: a database and home of its own (RELATE_HOME/demo), filled by the real program, and removed without a trace.

The example briefs are drafted by the writer that is installed, at that moment, so what is seen is what it does. What
people would add is made up: choices, verdicts, an ad in review, a comment, campaign results drawn from the built-in
simulator. Times are set back over three weeks; the audit log keeps the time of making. Its finished round is a small
real one that was recorded (demo_round.py): even that trains for minutes, and a made-up one would be a fake.
"""

import csv
import io
import json
import shutil
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from app.services import (
    ad_review,
    ads,
    briefs,
    comments,
    demo_round,
    drafting,
    feedback,
    importing,
    presence,
    reviewing,
)
from app.services.demo_mark import MARK, demo_home, demo_settings
from app.services.people import Actor, local_actor
from app.services.stored import StoredGeneration, StoredText
from db import backup as files
from db import demo as rows
from db.session import Database, StorageError, open_database
from relate_engine.brief import Brief, BriefError, parse_brief, placement_of
from relate_engine.config import ASSETS, Settings
from relate_engine.results.reading import Options
from relate_engine.results.simulated import AdSet, draw
from relate_engine.simulator import load_simulator

if TYPE_CHECKING:
    from relate_engine.draft import Draft

Say = Callable[[str], None]
Write = Callable[[Brief, Mapping[str, int], int], "Draft"]
FIRST, OTHERS = 8, 4  # texts drafted of a brief's first slot, and of its others
IMPRESSIONS = 6_000  # of each text, simulated
DAYS_AGO = (24, 18, 3)  # when each brief is said to have been drafted; early enough for two campaigns to count sales
ROUND_DAYS_AGO = 2
SEED = 20261128


def make(config: Settings, say: Say, write: Write | None = None) -> Path:
    """Builds the demo and returns its home; one that is there is kept. `write` drafts in place of the real writer.

    Raises WeightsError or BriefError with the remedy where the writer cannot draft; nothing is left then."""
    home = demo_home(config)
    if ready(config):
        say(f"The demo is there: {home}")
        return home
    if home.exists() and any(home.iterdir()):
        if not (home / MARK).is_file():
            raise StorageError(f"{home} holds something that is not the demo; move it away first.")
        remove(config)  # one that was interrupted
    made_home = not config.home.exists()
    home.mkdir(parents=True, exist_ok=True)
    (home / MARK).write_text(json.dumps({"ready": False, "made_home": made_home}), "utf-8")
    inside = demo_settings(config)
    try:
        db = open_database(inside.database)
        try:
            _fill(db, local_actor(db), inside, say, write or _writer(inside, say))
        finally:
            db.close()
        (home / MARK).write_text(json.dumps({"ready": True, "made_home": made_home}), "utf-8")
    except BaseException:  # also Ctrl-C
        remove(config)
        raise
    return home


def ready(config: Settings) -> bool:
    """Whether a finished demo is there."""
    try:
        return bool(json.loads((demo_home(config) / MARK).read_text("utf-8"))["ready"])
    except (OSError, ValueError, KeyError):
        return False


def remove(config: Settings) -> bool:
    """Deletes the demo; False where there is none. Refuses while its studio runs, and what is not the demo."""
    home = demo_home(config)
    if not (home / MARK).is_file():
        return False
    inside = demo_settings(config)
    if presence.alive(inside, "worker") or files.sqlite_in_use(files.file_of(inside.database)):
        raise StorageError("The demo's studio is running; end it first, then remove the demo.")
    try:
        made_home = bool(json.loads((home / MARK).read_text("utf-8")).get("made_home"))
    except (OSError, ValueError):
        made_home = False
    shutil.rmtree(home)
    if made_home and not any(home.parent.iterdir()):
        home.parent.rmdir()
    return True


def _fill(db: Database, actor: Actor, inside: Settings, say: Say, write: Write) -> None:
    paths = sorted((ASSETS / "briefs").glob("*.json"))[: len(DAYS_AGO)]
    for number, (path, days) in enumerate(zip(paths, DAYS_AGO, strict=True)):
        before = rows.newest_ids(db)
        brief = parse_brief(json.loads(path.read_text("utf-8")))
        stored = briefs.save_brief(db, actor, brief)
        say(f"Brief {number + 1} of {len(paths)}: drafting for {brief.product}")
        draft = write(brief, _counts(brief), SEED + number)
        made = drafting.store_generation(db, actor, stored.id, draft, brief=brief, seed=SEED + number)
        _choose(db, actor, made)
        if number < 2:  # the last one waits for its reviewer
            _judge(db, actor, made)
        rows.set_back(db, before, timedelta(days=days))
        before = rows.newest_ids(db)
        _ad(db, actor, stored.id, brief, send=number == 1)
        rows.set_back(db, before, timedelta(days=max(1, days - 8)))
        if number < 2:
            say("Simulating its campaign")
            before = rows.newest_ids(db)
            _results(db, actor, brief, made, days - 2)  # its last day, and then the lag: sales count by then
            rows.set_back(db, before, timedelta(days=max(1, days - 8 - inside.conversion_lag_days)))
    _round(db, actor, inside, say)
    say("Done.")


def _round(db: Database, actor: Actor, inside: Settings, say: Say) -> None:
    before = rows.newest_ids(db)
    try:
        say(f"A recorded round: {demo_round.load(db, actor, inside, ROUND_DAYS_AGO)}")
    except demo_round.NoRecord as error:
        say(str(error))
    rows.set_back(db, before, timedelta(days=ROUND_DAYS_AGO))


def _counts(brief: Brief) -> dict[str, int]:
    slots = [slot.name for slot in placement_of(brief.placement).slots if slot.name != "path"]
    return {name: FIRST if number == 0 else OTHERS for number, name in enumerate(slots)}


def _choose(db: Database, actor: Actor, made: StoredGeneration) -> None:
    """Picks most of what may run, rejects one text, rates two."""
    sound = [t for t in made.texts if t.card and t.card.compliance.level != "blocked"]
    first = sound[0].slot if sound else ""
    mine = [t for t in sound if t.slot == first]
    for text in [*mine[:5], *(t for t in sound if t.slot != first)]:
        feedback.pick(db, actor, text.id)
    for text, rating in zip(mine, (5, 4), strict=False):
        feedback.rate(db, actor, text.id, rating)
    if len(mine) > 5:
        feedback.reject(db, actor, mine[-1].id, "Says nothing that the others do not")


def _judge(db: Database, actor: Actor, made: StoredGeneration) -> None:
    """A verdict on most texts: as the rules see it, so that the demo takes no side."""
    for text in made.texts[:8]:
        level = text.card.compliance.level if text.card else "clear"
        if level == "clear":
            reviewing.give_verdict(db, actor, text.id, "compliant", seconds=9.0)
        elif level == "caution":
            _needs_proof(db, actor, text)


def _needs_proof(db: Database, actor: Actor, text: StoredText) -> None:
    found = [f for f in (text.card.findings if text.card else ()) if f.severity == "warn"]
    spans = [(f.start, f.end) for f in found if f.start is not None and f.end is not None]
    rules = list(dict.fromkeys(f.rule_id for f in found))
    reviewing.give_verdict(db, actor, text.id, "needs_proof", rules, spans, "Made up for the demo.", seconds=21.0)


def _results(db: Database, actor: Actor, brief: Brief, made: StoredGeneration, days: int) -> None:
    """Imports a file of simulated counts, as a platform would have told them."""
    slot = made.texts[0].slot if made.texts else ""
    texts = tuple(t.text for t in made.of_slot(slot) if t.card and t.card.compliance.level != "blocked")
    if len(texts) < 2:
        return
    seen = draw(load_simulator(None), [AdSet(brief, slot, texts)], IMPRESSIONS, SEED, weeks=1)
    start = datetime.now(UTC).date() - timedelta(days=days)
    out = io.StringIO(newline="")
    table = csv.writer(out)
    table.writerow(["Test", slot.replace("_", " ").capitalize(), "Impressions", "Clicks", "Purchases", "Start", "End"])
    for one in seen:
        end = start + timedelta(days=6)
        table.writerow([f"Simulated, {brief.product}", one.text, one.impressions, one.clicks,
                        int(one.conversions or 0), start, end])  # fmt: skip
    name = f"simulated-results-{brief.placement}.csv"
    importing.import_file(db, actor, name, out.getvalue().encode(), Options(placement=brief.placement))


def _ad(db: Database, actor: Actor, brief_id: int, brief: Brief, send: bool) -> None:
    """An ad of the picked texts; one is sent to review. One that lacks something stays a draft, as it would."""
    ad = ads.create_ad(db, actor, brief_id, f"{brief.product}, first ad"[:200])
    if send:
        try:
            ad_review.send_to_review(db, actor, ad.id, ad.newest.number)
        except BriefError as error:
            comments.add_comment(db, actor, brief_id, str(error)[:500], ad_id=ad.id)
    comments.add_comment(
        db, actor, brief_id, "Made up for the demo: which of the first two lines is clearer?", ad_id=ad.id
    )


def _writer(inside: Settings, say: Say) -> Write:
    """The real writer, loaded at the first brief."""
    from app.services.scoring import check_weights
    from app.services.writing import Failed, Room

    check_weights(inside)
    room = Room(inside)

    def write(brief: Brief, counts: Mapping[str, int], seed: int) -> "Draft":
        from relate_engine.draft import Drafted, Progress

        last = ""
        for event in room.draft(brief, counts, seed):
            if isinstance(event, Progress) and event.label != last:
                last = event.label
                say(f"  {event.label} ({event.done} of {event.total})")
            elif isinstance(event, Failed):
                raise BriefError(f"The demo could not be drafted: {event.message}")
            elif isinstance(event, Drafted):
                return event.draft
        raise BriefError("The writer ended without a draft; run `relate doctor`, then try again.")

    return write


def tell(line: str) -> None:
    """A line of progress on standard error."""
    print(line, file=sys.stderr, flush=True)
