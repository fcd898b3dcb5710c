"""A step of GRPO in two processes (torchrun, gloo) against the same step in one, on the same fixed completions."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from relate_engine.training.credit import ARMS
from relate_engine.training.grpo_plan import GrpoPlan, config_of
from tests import two_processes

ROOT = Path(__file__).resolve().parents[2]


def test_two_processes_take_the_steps_of_one(tmp_path: Path) -> None:
    """Losses, gradient norms, gradients and the weights after two steps."""
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [*launch, "-m", "tests.two_processes", str(tmp_path)],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-2000:]
    two = torch.load(tmp_path / "result.pt", weights_only=True)
    threads = torch.get_num_threads()
    try:
        one = two_processes.run(tmp_path / "one")
    finally:
        torch.set_num_threads(threads)
    assert (one["world"], two["world"]) == (1, 2)
    assert (one["seen"], two["seen"]) == (16, 8)  # the texts were shared out, not written twice
    assert len(one["losses"]) == 2 and one["gradients"].abs().max() > 1e-3
    for what, tolerance in (("losses", 1e-6), ("norms", 1e-5), ("gradients", 1e-6), ("weights", 1e-5)):
        assert torch.allclose(one[what], two[what], atol=tolerance), what


def test_groups_that_processes_cannot_share_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ValueError, match="2 processes cannot share 3 groups evenly"):
        config_of(GrpoPlan(groups=3), ARMS["relate"], tmp_path)
