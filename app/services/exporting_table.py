"""Texts as a plain table for analysts, and how every table that leaves the studio is written.

Cells that a spreadsheet would run as a formula are escaped (ASVS 1.2.10), and so is what follows a semicolon or a tab:
where these part the columns, as in Excel for many languages, it begins a cell of its own. All tables are UTF-8 with a
byte order mark; quoting is RFC 4180. Leaves out files for a platform, which may not be escaped (exporting.py).
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence

from app.services.drafting import get_texts
from app.services.people import Actor, require
from app.services.stored import StoredText
from app.services.trials import on_trial
from db.session import Database

FORMULA = re.compile(r"((?:^|[;\t])\s*)([=+\-@])")  # what stands before a character that begins a formula, and that
_RUNS = ("\t", "\r", "\n", "\0")  # begin one too, at the start of a cell
PLAIN_COLUMNS: tuple[str, ...] = (
    "text", "placement", "slot", "angle", "author", "created_utc", "choice", "rating", "verdict",
    "compliance_level", "compliance_score", "findings", "ctr", "ctr_low", "ctr_high", "cvr", "cvr_low",
    "cvr_high", "ctcvr", "ctcvr_low", "ctcvr_high", "interval_level", "ctr_source", "cvr_source", "ctcvr_source",
    "beats_typical", "policy_version", "rewards_version", "rules_version", "path", "text_id", "brief_id",
)  # fmt: skip
BLIND = {"author": "one of the two writers on trial", "policy_version": None}


def plain_csv(db: Database, actor: Actor, text_ids: Iterable[int]) -> bytes:
    """Texts with all their scores as a table, blocked ones included; formula-like cells escaped. While two writers are
    on trial it does not say which one wrote a text."""
    require(actor, "table.export")
    rows = [_plain_row(t) for t in get_texts(db, actor, dict.fromkeys(text_ids))]
    if on_trial(db, actor):
        rows = [r if str(r["author"]).startswith("person:") else r | BLIND for r in rows]
    return csv_bytes(PLAIN_COLUMNS, rows)


def escaped(cell: object) -> object:
    """A cell that no spreadsheet runs: an apostrophe stands before what begins a formula in a text; numbers stay."""
    if not isinstance(cell, str):
        return cell
    safe = FORMULA.sub(r"\1'\2", cell)
    return f"'{safe}" if safe.startswith(_RUNS) else safe


def unsafe(what: str, value: str) -> list[str]:
    """Problems of a cell that goes to a platform as it is."""
    if value.startswith(_RUNS):
        return [f"{what} begins with {value[0]!r}, which a spreadsheet runs as a formula; reword its start."]
    if (found := FORMULA.search(value)) is not None:
        after = {";": "a semicolon", "\t": "a tab"}.get(found[1][:1])
        if after is None:
            return [f"{what} begins with {found[2]}, which a spreadsheet runs as a formula; reword its start."]
        return [f"{what} has {found[2]} after {after}, which a spreadsheet runs as a formula; reword it."]
    if value == "[]":
        return [f"{what} is [], which Google Ads Editor reads as 'erase'; reword it."]
    if any(ord(c) < 32 and c != "\n" for c in value):
        return [f"{what} holds a control character; type it again."]
    return []


def _plain_row(text: StoredText) -> dict[str, object]:
    row: dict[str, object] = {
        "text": text.text, "placement": text.placement, "slot": text.slot, "angle": text.angle,
        "author": text.author, "created_utc": text.created_at.strftime("%Y-%m-%d %H:%M:%S"),
        "choice": text.choice, "rating": text.rating,
        "verdict": text.verdict.outcome if text.verdict else None,
        "text_id": text.id, "brief_id": text.brief_id,
    }  # fmt: skip
    if card := text.card:
        findings = "; ".join(f"{f.severity} {f.rule_id}: {f.message}" for f in card.findings)
        row |= {
            "compliance_level": card.compliance.level, "compliance_score": card.compliance.score,
            "findings": findings, "interval_level": card.ctr.level,
            "beats_typical": card.beats_typical, "policy_version": card.versions.get("policy"),
            "rewards_version": card.versions.get("rewards"), "rules_version": card.versions.get("rules"),
            "path": card.versions.get("path"),
        }  # fmt: skip
        for name, rate in (("ctr", card.ctr), ("cvr", card.cvr), ("ctcvr", card.ctcvr)):
            row |= {
                name: rate.mean, f"{name}_low": rate.low, f"{name}_high": rate.high, f"{name}_source": rate.source,
            }  # fmt: skip
    return {column: escaped(cell) for column, cell in row.items()}


def csv_bytes(columns: Sequence[str], rows: Sequence[Mapping[str, object]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode("utf-8-sig")
