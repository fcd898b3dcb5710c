"""Training and evaluating the fact reader from the shell: engine functions meet settings and paths."""

import json
from pathlib import Path
from typing import Any

from app.services.process import set_threads
from app.services.training import say
from relate_engine.config import ASSETS, ROOT, Settings

HELD_OUT = ROOT / "tests" / "data" / "correctness_heldout.jsonl"
DRAFTS = ("sft", "points", "twos")  # files of assets/judged with drafts about corpus briefs


def facts(config: Settings, out: Path | None, seed: int) -> dict[str, Any]:
    """Trains the reader on assets/facts, the corpus and drafts that an editor passed. Returns its manifest."""
    from relate_engine.policy.weights import encoder_folder
    from relate_engine.rewards.encoder import Encoder
    from relate_engine.training.corpus import read_corpus
    from relate_engine.training.factpairs import Pair
    from relate_engine.training.factreading import train_facts

    set_threads(config)
    corpus = read_corpus(ASSETS / "corpus")
    briefs = {e.id: e.brief for e in corpus if e.split == "train"}
    rows = (
        json.loads(line)
        for name in DRAFTS
        for line in (ASSETS / "judged" / f"{name}.jsonl").read_text("utf-8").splitlines()
    )
    drafts = [
        Pair(r["brief"], briefs[r["brief"]], r["text"], False, kind="draft")
        for r in rows
        if r["passed"] and r["brief"] in briefs
    ]
    encoder = Encoder(encoder_folder(config.cache))
    return train_facts(encoder, corpus, ASSETS / "facts", drafts, out or ASSETS / "heads" / "facts", seed, say=say)


def evaluate_correctness(config: Settings, pairs: Path | None) -> dict[str, Any]:
    """Patterns and reader on the held-out pairs, or on `pairs`; aggregates only. A run on the held-out
    pairs is logged."""
    from relate_engine.policy.weights import encoder_folder
    from relate_engine.rewards.encoder import Encoder
    from relate_engine.rewards.factreader import FactReader
    from relate_engine.training.factcheck import factcheck_report
    from relate_engine.training.headcards import write_head_card

    set_threads(config)
    reader = FactReader.load(ASSETS / "heads" / "facts", Encoder(encoder_folder(config.cache)))
    log = ASSETS / "reports" / "validation_runs.jsonl"
    report = factcheck_report(pairs or HELD_OUT, reader, None if pairs else log)
    if not pairs:
        write_head_card("correctness", ASSETS / "heads" / "facts", log)
    return report
