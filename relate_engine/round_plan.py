"""What a round is asked to do and what it reports: its choices, its steps, and how much feedback each step needs.

Plain data; the steps run in rounds.py. Leaves out the plans of single trainings (training/).
"""

from dataclasses import asdict, dataclass, field
from typing import Any

from relate_engine import gate
from relate_engine.heldout import HeldPlan
from relate_engine.training.credit import ARMS, Arm
from relate_engine.training.grpo_plan import GrpoPlan
from relate_engine.training.kto import KtoPlan
from relate_engine.training.preferences import PreferencePlan
from relate_engine.training.tuning import TunePlan

LEAST_TARGETS = 10  # texts that people stood by, below which a gentle pass over them teaches only their wording
LEAST_PAIRS = 10  # pairs
LEAST_SINGLES = 20  # single picks, and as many single rejections, where they outweigh the pairs
PREFERENCES = PreferencePlan(epochs=4, briefs_a_step=2, learning_rate=2e-4, anchor=0.2)


@dataclass(frozen=True)
class RoundPlan:
    """Every choice of a round; written to its report."""

    sft: TunePlan = field(default_factory=TunePlan)
    preferences: PreferencePlan = PREFERENCES
    kto: KtoPlan = field(default_factory=KtoPlan)
    grpo: GrpoPlan = field(default_factory=GrpoPlan)
    arm: Arm = ARMS["relate"]
    held: HeldPlan = field(default_factory=HeldPlan)
    bounds: gate.Bounds = field(default_factory=gate.Bounds)
    drift: gate.Drift = field(default_factory=gate.Drift)


@dataclass(frozen=True)
class Step:
    """One step as it ended. `rows`: texts, pairs or tasks it was trained on. `before`, `after`: held-out means."""

    name: str
    ran: bool
    words: str
    rows: int = 0
    version: str = ""
    before: dict[str, float] | None = None
    after: dict[str, float] | None = None


@dataclass(frozen=True)
class RoundReport:
    """`version` and `adapter` are empty where no step trained anything."""

    manifest: dict[str, Any]
    steps: tuple[Step, ...]
    decision: gate.Decision
    alarms: tuple[str, ...]
    evidence: dict[str, Any]  # of gate.Evidence; empty where nothing was compared
    plan: dict[str, Any]
    version: str = ""
    adapter: str = ""

    def to_json(self) -> dict[str, Any]:
        """JSON-ready, without the adapter's place on this machine."""
        return {k: v for k, v in asdict(self).items() if k != "adapter"}
