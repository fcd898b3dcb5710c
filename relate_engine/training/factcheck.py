"""How well the fact check tells a planted wrong fact from a true paraphrase, on held-out pairs of brief and text.

A pair counts as flagged when correctness finds a block or a caution in its text. Recall = share of the wrong
texts flagged; false alarms = share of the true texts flagged. A brief stands behind several pairs, so the pairs are
not quite independent and the Wilson intervals are a little narrow. Each run is logged.
Pairs in tests/data: `correctness_heldout`; `correctness_fresh`, six true and six wrong texts beside each of 233 corpus
briefs, of which no pattern has been mended on one yet; `correctness_dev*`, on which they were (`dev5`: 247 more).
Leaves out single texts: a report that shows none cannot be tuned on.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from relate_engine.brief import Brief, BriefError, parse_brief
from relate_engine.rewards.correctness import correctness
from relate_engine.share import wilson


def factcheck_report(pairs: Path, briefs: Mapping[str, Brief], log: Path | None = None) -> dict[str, Any]:
    """Recall by kind of planted fact, false alarms, and their 95 % Wilson intervals.

    `pairs`: JSON lines of {"brief", "text", "label": "wrong" or "true", "kind"}; a brief is an id of `briefs` or stands
    there whole. `log`: where the run is added.
    Raises FileNotFoundError or BriefError with the remedy.
    """
    if not pairs.exists():
        raise FileNotFoundError(f"There is no {pairs}; give a file of pairs with --pairs.")
    found: Counter[tuple[str, str]] = Counter()
    total: Counter[tuple[str, str]] = Counter()
    for number, line in enumerate(pairs.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            label, kind, text = row["label"], row.get("kind", "other"), row["text"]
            brief = briefs[row["brief"]] if isinstance(row["brief"], str) else parse_brief(row["brief"])
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise BriefError(f"{pairs.name}, line {number}: no pair ({error}); mend or remove it.") from error
        flagged = any(f.severity != "note" for f in correctness(text, brief, brief.countries))
        total[label, kind] += 1
        found[label, kind] += flagged
    report: dict[str, Any] = {
        "what": "share of texts with a block or caution of correctness; 95 % Wilson intervals",
        "pairs_sha256": hashlib.sha256(pairs.read_bytes()).hexdigest(),
        "recall": _share(found, total, "wrong"),
        "false_alarms": _share(found, total, "true"),
        "recall_by_kind": {k: [found["wrong", k], n] for (label, k), n in sorted(total.items()) if label == "wrong"},
    }
    if log is not None:
        run = {"kind": "correctness", "at": datetime.now(UTC).isoformat(timespec="seconds"), "file": pairs.name}
        with log.open("a", encoding="utf-8") as out:
            out.write(json.dumps(run | report) + "\n")
    return report


def _share(found: Counter[tuple[str, str]], total: Counter[tuple[str, str]], label: str) -> dict[str, float]:
    hits = sum(n for (given, _), n in found.items() if given == label)
    texts = sum(n for (given, _), n in total.items() if given == label)
    low, high = wilson(hits, texts) if texts else (0.0, 1.0)
    return {
        "value": round(hits / texts, 4) if texts else 0.0,
        "low": round(low, 4),
        "high": round(high, 4),
        "flagged": hits,
        "texts": texts,
    }
