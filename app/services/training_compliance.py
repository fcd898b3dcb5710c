"""Training and evaluating the compliance classifier from the shell: engine functions meet settings and paths."""

import sys
from pathlib import Path
from typing import Any

from app.services.process import set_threads
from relate_engine.config import ASSETS, ROOT, Settings

HELD_OUT = ROOT / "tests" / "data" / "compliance_heldout.jsonl"


def compliance(config: Settings, data: Path, out: Path | None, seed: int) -> dict[str, Any]:
    """Trains the classifier and its evaluator (`out`/evaluator where `out` is given). Returns both manifests."""
    from relate_engine.policy.weights import encoder_folder
    from relate_engine.rewards.encoder import Encoder
    from relate_engine.rewards.rules import load_rules
    from relate_engine.training.compliance import train_compliance
    from relate_engine.training.compliance_evaluator import train_evaluator
    from relate_engine.training.corpus import read_corpus

    set_threads(config)
    texts = ASSETS / "compliance"
    classifier = train_compliance(
        Encoder(encoder_folder(config.cache)),
        load_rules(ASSETS / "rules"),
        texts,
        read_corpus(ASSETS / "corpus"),
        data,
        out or ASSETS / "heads" / "compliance",
        seed,
        _say,
    )
    second = out / "evaluator" if out else ASSETS / "evaluators" / "compliance"
    return {"classifier": classifier, "evaluator": train_evaluator(texts, second, seed)}


def evaluate_compliance(config: Settings) -> dict[str, Any]:
    """Rules and classifier on the held-out texts; aggregates only; the run is logged."""
    from relate_engine.evaluators.compliance import Evaluator
    from relate_engine.policy.weights import encoder_folder
    from relate_engine.rewards.classifier import Classifier
    from relate_engine.rewards.encoder import Encoder
    from relate_engine.rewards.rules import load_rules
    from relate_engine.training.compliance_report import compliance_report

    set_threads(config)
    encoder = Encoder(encoder_folder(config.cache))
    return compliance_report(
        load_rules(ASSETS / "rules"),
        Classifier.load(ASSETS / "heads" / "compliance", encoder),
        Evaluator.load(ASSETS / "evaluators" / "compliance"),
        HELD_OUT,
        ASSETS / "compliance",
        ASSETS / "reports" / "validation_runs.jsonl",
    )


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
