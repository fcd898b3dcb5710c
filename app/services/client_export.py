"""One Google Ads Editor file of many briefs: the ad that was built of each, else its picked texts, or the best of them
where too little is picked.

Each brief is one ad, checked like an ad that is exported alone; an incomplete one stays out and is named with what it
lacks. Of several ads of a brief it is the newest one that is approved, or the newest. A built ad leaves as it would
alone (ad_export.py): its approved version, or the newest where drafts may leave, with its order and pins. Texts that
only the ranking put into the file are noted as exported but count as picked by nobody: rounds learn from people. Leaves
out single ads and their checks (exporting.py).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.services import audit, feedback
from app.services.ad_export import ad_file
from app.services.ad_records import ad_records
from app.services.approval import held_back
from app.services.blocking import confirmed
from app.services.drafting import get_texts
from app.services.exporting import ExportRefused, editor_csv, text_problems
from app.services.people import Actor, NotFound, own, require
from app.services.stored import StoredText
from db import ads, models
from db import briefs as rows
from db.session import Database
from relate_engine.brief import BriefError, placement_of

LOOKED = 120  # newest texts of a brief among which the best are chosen
_EXCLUDED = ("violation", "needs_proof", "escalate")


@dataclass(frozen=True)
class Missing:
    """A brief that is not in the file, and everything it lacks."""

    brief_id: int
    title: str
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Built:
    """An ad in the file that somebody built: which version of it."""

    ad_id: int
    revision: int
    text_ids: tuple[int, ...]


@dataclass(frozen=True)
class ClientExport:
    """`data` is None where no ad is complete. `text_ids`: of all ads in the file, those of `built` too; `filled`: those
    of them that nobody picked."""

    data: bytes | None
    brief_ids: tuple[int, ...]
    text_ids: tuple[int, ...]
    missing: tuple[Missing, ...]
    built: tuple[Built, ...] = ()
    filled: tuple[int, ...] = ()


def export_all(db: Database, actor: Actor, brief_ids: Iterable[int], picked_only: bool = False) -> ClientExport:
    """The complete ads of these briefs as one file. Changes nothing; `note_export` says that it was taken."""
    require(actor, "ad.export")
    header, body = b"", b""
    ready: list[int] = []
    texts: list[int] = []
    missing: list[Missing] = []
    built: list[Built] = []
    filled: list[int] = []
    for brief_id in dict.fromkeys(brief_ids):
        title = f"Brief {brief_id}"
        try:
            with db.read() as session:
                brief = own(session, actor, models.Brief, brief_id, "brief")
            title = brief.title
            if brief.placement != "google_rsa":
                label = placement_of(brief.placement).label
                raise ExportRefused([f"It is for a {label}, not for Google search; export it on the Draft desk."])
            campaign, group = brief.campaign or "", brief.ad_group or ""
            url = str(brief.payload.get("landing_page") or "")
            if lacking := _lacking(campaign, group, url):
                raise ExportRefused(lacking)
            if (ad := built_ad(db, actor, brief_id)) is None:
                chosen, best = choose(db, actor, brief_id, picked_only)
                file = editor_csv(db, actor, chosen, campaign, group, url)
            else:
                made = ad_file(db, actor, ad, campaign, group, link=url)
                file, chosen, best = made.data, list(made.revision.text_ids), []
                built.append(Built(ad, made.revision.number, made.revision.text_ids))
        except ExportRefused as refused:
            missing.append(Missing(brief_id, title, refused.problems))
            continue
        except (BriefError, NotFound) as error:
            missing.append(Missing(brief_id, title, (str(error),)))
            continue
        header, _, rest = file.partition(b"\r\n")
        body += rest
        ready.append(brief_id)
        texts += chosen
        filled += best
    data = header + b"\r\n" + body if ready else None
    return ClientExport(data, tuple(ready), tuple(texts), tuple(missing), tuple(built), tuple(filled))


def _lacking(campaign: str, group: str, url: str) -> list[str]:
    """What a brief must say before its ad can stand among others in one file, and where it is said."""
    lacking = [name for name, value in (("campaign", campaign), ("ad group", group)) if not value.strip()]
    found = [f"It has no {' and no '.join(lacking)}; name them with “Rename or file” on its row."] if lacking else []
    return found + ([] if url.strip() else ["It has no landing page; add one to the brief on the Draft desk."])


def built_ad(db: Database, actor: Actor, brief_id: int) -> int | None:
    """The ad of a search brief that leaves for it; None where none was built. One without texts counts as none."""
    require(actor, "ad.export")
    with db.read() as session:
        brief = own(session, actor, models.Brief, brief_id, "brief")
        found = ads.ads_of_brief(session, actor.workspace_id, brief_id)
        open_ones = [(ad, brief) for ad in found if ad.archived_at is None and ad.placement == "google_rsa"]
        records = [ad for ad in ad_records(session, actor, open_ones) if (ad.approved or ad.newest).places]
    best = max(records, key=lambda ad: (ad.approved is not None, ad.id), default=None)
    return best.id if best else None


def note_export(db: Database, actor: Actor, export: ClientExport) -> None:
    """Notes that the file was taken: its texts but the `filled` ones count as picked, and each built ad knows which
    version left."""
    require(actor, "ad.export")
    apart = {*export.filled, *(text_id for ad in export.built for text_id in ad.text_ids)}
    for ad in export.built:
        feedback.export(db, actor, ad.text_ids, "editor", ad.ad_id, ad.revision)
    if others := [text_id for text_id in export.text_ids if text_id not in apart]:
        feedback.export(db, actor, others, "editor")
    if export.filled:
        feedback.export(db, actor, export.filled, feedback.FILLED)
    with db.write() as session:
        audit.note(
            session, actor, "client.export", "workspace", actor.workspace_id, briefs=list(export.brief_ids),
            texts=len(export.text_ids), ads=[ad.ad_id for ad in export.built],
        )  # fmt: skip


def choose(db: Database, actor: Actor, brief_id: int, picked_only: bool = False) -> tuple[list[int], list[int]]:
    """The texts of a brief's ad: the picked ones; a slot with none gets the best, one with too few is filled up. Beside
    them, those of them that were filled in.

    It is filled up with texts that may leave: approved ones where the workspace exports no others. Where these are
    fewer than the ad needs, with others too, such as of old rules: the refusal then says what to do about them."""
    with db.read() as session:
        picked_ids = rows.picked_ids(session, actor.workspace_id, brief_id, LOOKED)
        newest = rows.newest_ids(session, actor.workspace_id, brief_id, LOOKED)
    found = {text.id: text for text in get_texts(db, actor, dict.fromkeys([*picked_ids, *newest]))}
    texts = [text for text in found.values() if text.placement == "google_rsa"]
    picked = [text for text in texts if text.choice == "picked"]
    if picked_only:
        return [text.id for text in picked], []
    blocking = confirmed(db, actor)
    known = sorted(filter(_fine, texts), key=_merit)
    fine = [text for text in known if not text_problems(text, blocking)]
    with db.read() as session:
        held = held_back(session, actor, fine)
    best = [text for text in fine if text.id not in held]
    rest = [text for text in known if text not in fine]
    chosen: list[int] = []
    for slot in placement_of("google_rsa").slots:
        mine = [text for text in picked if text.slot == slot.name]
        wanted = max(len(mine), slot.required) if mine else slot.full_ad
        filled = _filled(mine, [t for t in best if t.slot == slot.name], wanted)
        filled = _filled(filled, [t for t in rest if t.slot == slot.name], slot.required)
        chosen += [text.id for text in filled]
    return chosen, [i for i in chosen if found[i].choice != "picked"]


def _filled(picked: Sequence[StoredText], best: Iterable[StoredText], wanted: int) -> list[StoredText]:
    held, seen = list(picked), {text.text.casefold() for text in picked}
    for text in best:
        if len(held) >= wanted:
            break
        if text.text.casefold() not in seen:
            seen.add(text.text.casefold())
            held.append(text)
    return held


def _fine(text: StoredText) -> bool:
    """Whether a text may be taken without being picked."""
    judged = text.verdict is not None and text.verdict.outcome in _EXCLUDED
    scored = text.card is not None and text.card.compliance.level != "blocked" and not text.brief_changed
    return scored and not judged and text.choice != "rejected"


def _merit(text: StoredText) -> tuple[bool, bool, int, float, int]:
    """Best first: clear before caution, drafted before brought, the newest draft first, then by rank."""
    caution = text.card is not None and text.card.compliance.level != "clear"
    rank = text.card.rank if text.card else 0.0
    return caution, text.by_person and text.shown_as is None, -text.generation_id, -rank, text.id
