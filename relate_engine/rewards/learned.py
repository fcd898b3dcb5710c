"""`RewardModel`: what a workspace's campaign results have taught about texts and base rates, ready to serve.

    click   text effect = shrunk head effect + x · w_ctr + own_ctr      w, own ~ posterior (training/rewards.py)
    buy     text effect =                      x · w_cvr + own_cvr
own: what a text that has run did beyond its features; 0 for every other text. A base rate is what an average text
does, so half the variance of text effects is in it; a text of which more is known gives that half back (`shift`).
Results explain part of a text's effect; sd² = prior sd² - (x'x·prior variance - x'Σx), so with no results all
equals the prior, and the doubt falls only where they have taught something. Base rates are pooled anew from the
stored cells with today's settings (ctcvr.py). Calibration, fitted on a later time slice, moves the logit at the end.
A version is a folder: model.safetensors, model.json, manifest.json (checksums), card.json and card.md.
Leaves out: fitting and the choice between models (training/rewards.py).
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from relate_engine.brief import Brief
from relate_engine.policy.weights import WeightsError, sha256
from relate_engine.results.match import normalised
from relate_engine.rewards.adfeatures import AdText, Features
from relate_engine.rewards.ctcvr import CVR_TEXT_SD, MOVED, Cell, Kind, Pool, Side, Told
from relate_engine.rewards.ctcvr import prior as without_results
from relate_engine.rewards.ctrhead import Effect
from relate_engine.rewards.relevance import Encodes
from relate_engine.scorecard import Source

ARRAYS, PLAIN, MANIFEST = "model.safetensors", "model.json", "manifest.json"
LEARNABLE = 0.6  # share of a text effect's variance that features of the text can explain; assumed
LEAST_SD = 0.4  # share of the prior sd that always stays


@dataclass(frozen=True)
class Calibration:
    """A rising curve from predicted to calibrated logits, straight between knots, slope 1 outside them."""

    method: str  # "platt" or "isotonic"
    x: tuple[float, ...]
    y: tuple[float, ...]

    def shift(self, logit: float) -> float:
        """What is added to a predicted logit."""
        inside = min(max(logit, self.x[0]), self.x[-1])
        return float(np.interp(inside, self.x, self.y)) - inside


@dataclass(frozen=True)
class Taught:
    """One kind's text weights, the prior variance they started from, and what texts that ran showed of their own."""

    mean: np.ndarray  # (D,)
    covariance: np.ndarray  # (D, D)
    prior_variance: float
    own: Mapping[str, tuple[float, float]]  # by `run_key`: mean, and the prior variance that it took away

    def effect(self, x: np.ndarray, keys: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """(N,) mean of the text effect and (N,) how much of its prior variance results took away."""
        own = np.array([self.own.get(k, (0.0, 0.0)) for k in keys]).reshape(len(keys), 2)
        left = np.einsum("nd,nd->n", x @ self.covariance, x)
        away = self.prior_variance * (x**2).sum(1) - left
        away = np.where(away > 1e-9, away, 0.0)  # what is left of rounding is no knowledge
        return x @ self.mean + own[:, 0], away + own[:, 1]

    def showed(self, key: str) -> float:
        """What a text did beyond its features when it ran; 0 for one that never ran."""
        return self.own.get(key, (0.0, 0.0))[0]

    def ran(self, key: str) -> float:
        """0 for a text that never ran to 1 for one whose own effect its results tell in full."""
        return self.own.get(key, (0.0, 0.0))[1] / (self.prior_variance * (1 - LEARNABLE) / LEARNABLE)


def run_key(text: str, product: str) -> str:
    """What a text that has run is known by: as imports find drafted texts, however a platform writes its quotes."""
    return hashlib.sha256(f"{product}\0{normalised(text)}".encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True)
class RewardModel:
    """Learned effects and base rates of one workspace."""

    features: Features
    ctr: Taught
    cvr: Taught
    cells: tuple[Cell, ...]
    calibration: Mapping[Kind, Calibration]
    source: Source
    workspace: str
    action: str  # the conversion action that taught CVR; "" = none did
    head: str  # version of the head it was fitted on
    version: str = ""
    others: Mapping[str, str] = field(default_factory=dict)  # product → its action, where that is never `action`

    @cached_property
    def _pools(self) -> dict[tuple[Any, ...], Pool]:
        return {}

    def _pool(self, kind: Kind, given: Mapping[str, float]) -> Pool:
        key = (kind, *sorted(given.items()))
        if key not in self._pools:
            self._pools[key] = Pool.of(kind, self.cells, given)
        return self._pools[key]

    @cached_property
    def note(self) -> str:
        """What it learned from, in one sentence for the scorecard."""
        shown = sum(c.trials for c in self.cells if c.kind == "ctr")
        if not shown:  # asset reports only
            return f"Text effects learned from {self.source} asset results; the base rates behind them are no results"
        bought = sum(c.successes for c in self.cells if c.kind == "cvr")
        what = f"{shown:,.0f} {self.source} impressions"
        return f"Rates updated from {what}" + (f" and {bought:,.0f} conversions ({self.action})" if self.action else "")

    def told(
        self,
        encoder: Encodes,
        effects: Sequence[Effect],
        texts: Sequence[str],
        placement: str,
        brief: Brief | None,
        base_ctr: Mapping[str, float],
        base_cvr: Mapping[str, float],
    ) -> list[Told]:
        """What results say about each text of one brief (None: no brief is known)."""
        x = self.features.rows(encoder, [AdText(t, brief, e.raw) for t, e in zip(texts, effects, strict=True)])
        vertical, product = (brief.vertical.casefold(), brief.product) if brief else ("", "")
        keys = [run_key(t, product) for t in texts]
        sides: dict[Kind, list[Side]] = {}
        parts: tuple[tuple[Kind, Taught, Mapping[str, float]], ...] = (
            ("ctr", self.ctr, base_ctr),
            ("cvr", self.cvr, base_cvr),
        )
        for kind, taught, given in parts:
            place = (placement, vertical, self.workspace, product)
            if kind == "cvr" and product in self.others:  # its sales are another thing than was learned
                sides[kind] = [without_results(e, placement, base_ctr, base_cvr).cvr for e in effects]
                continue
            pool = self._pool(kind, given)
            base, base_sd, gained = pool.at(*place)
            rest = pool.rest.get((placement, self.workspace, vertical, product), 0.0)
            mean, away = taught.effect(x, keys)
            prior = [(e.shrunk, e.sd, e.spread) if kind == "ctr" else (0.0, CVR_TEXT_SD, CVR_TEXT_SD) for e in effects]
            sides[kind] = []
            for k, (start, sd, typical) in enumerate(prior):
                left = max(LEAST_SD * sd, math.sqrt(max(0.0, sd**2 - away[k]))) if away[k] else sd
                moved = gained > MOVED or 1 - (left / sd) ** 2 > MOVED
                source: Source = self.source if moved else "prior"
                back = (left**2 - sd**2) / 2 + rest * taught.ran(keys[k])
                own = taught.showed(keys[k])
                side = Side(base, base_sd, start + float(mean[k]), left, typical, source, back, own)
                # fitted where results are; where none moved the base rate, it says nothing
                curve = self.calibration.get(kind) if gained > MOVED else None
                sides[kind].append(replace(side, shift=back + curve.shift(side.middle)) if curve else side)
        note = self.note
        if product in self.others:
            note += f"; CVR is a prior here, since the results of this product count {self.others[product]} instead"
        return [Told(c, v, note) for c, v in zip(sides["ctr"], sides["cvr"], strict=True)]

    def save(self, folder: Path, manifest: Mapping[str, Any]) -> "RewardModel":
        """Writes the version into `folder`; returns the model with its version, "reward-<12 digits of its hash>"."""
        folder.mkdir(parents=True, exist_ok=True)
        f = self.features
        arrays = {"mean": f.mean, "scale": f.scale, "bound": f.bound}
        for name, taught in (("ctr", self.ctr), ("cvr", self.cvr)):
            arrays |= {f"{name}_weights": taught.mean, f"{name}_covariance": taught.covariance}
        save_file({k: np.ascontiguousarray(a, np.float32) for k, a in arrays.items()}, folder / ARRAYS)
        plain = {
            "words": list(f.words),
            "prior_variance": {"ctr": self.ctr.prior_variance, "cvr": self.cvr.prior_variance},
            "own": {"ctr": dict(self.ctr.own), "cvr": dict(self.cvr.own)},
            "cells": [asdict(c) for c in self.cells],
            "calibration": {k: asdict(c) for k, c in self.calibration.items()},
            "source": self.source,
            "workspace": self.workspace,
            "action": self.action,
            "head": self.head,
            "others": dict(self.others),
        }
        (folder / PLAIN).write_text(json.dumps(plain, ensure_ascii=False) + "\n", "utf-8")
        files = {name: sha256(folder / name) for name in (ARRAYS, PLAIN)}
        version = f"reward-{hashlib.sha256(''.join(files.values()).encode()).hexdigest()[:12]}"
        told = {"kind": "reward model", "version": version} | dict(manifest) | {"files": files}
        (folder / MANIFEST).write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", "utf-8")
        return replace(self, version=version)

    @classmethod
    def load(cls, folder: Path, head: str) -> "RewardModel":
        """The version in `folder`, checked against its manifest and the served head's version.

        Raises WeightsError with the remedy."""
        try:
            manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
            for name in (ARRAYS, PLAIN):
                if sha256(folder / name) != manifest["files"][name]:
                    raise WeightsError(f"{name} in {folder} is damaged; run `relate train rewards`.")
            a, plain = load_file(folder / ARRAYS), json.loads((folder / PLAIN).read_text("utf-8"))
            if plain["head"] != head:
                raise WeightsError(
                    f"The reward model {manifest['version']} was fitted on another CTR head ({plain['head']}); "
                    "run `relate train rewards`."
                )
            wide = {k: v.astype(np.float64) for k, v in a.items()}
            taught = {
                name: Taught(
                    wide[f"{name}_weights"],
                    wide[f"{name}_covariance"],
                    plain["prior_variance"][name],
                    {k: (m, v) for k, (m, v) in plain["own"][name].items()},
                )
                for name in ("ctr", "cvr")
            }
            return cls(
                Features(tuple(plain["words"]), wide["mean"], wide["scale"], wide["bound"]),
                taught["ctr"],
                taught["cvr"],
                tuple(Cell(**c) for c in plain["cells"]),
                {k: Calibration(c["method"], tuple(c["x"]), tuple(c["y"])) for k, c in plain["calibration"].items()},
                plain["source"],
                plain["workspace"],
                plain["action"],
                plain["head"],
                manifest["version"],
                plain.get("others", {}),
            )
        except (OSError, KeyError, ValueError, TypeError) as error:
            raise WeightsError(
                f"There is no reward model in {folder} ({error}); run `relate train rewards`."
            ) from error
