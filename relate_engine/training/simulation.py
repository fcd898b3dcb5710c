"""`relate evaluate rewards`: the reward models against a simulator, over seeds, beside the oracle.

    campaign    200 ads of 50 briefs, 20,000 impressions each in four weeks, teach; the three models are compared on
                the same ads in new impressions, and on 200 ads of 50 other briefs
    cold start  one workspace whose audience differs from the assumed base rates by N(0, SHIFT_SD) log-odds imports
                0, 1,000, 10,000, 100,000 impressions of 40 ads; error = mean |ln predicted - ln true| over 200
                other texts
The oracle predicts with the simulator's own probabilities; it is right up to the noise of the counts.
Texts are headlines of the project's corpus, whose briefs carry no results. All figures are `simulated`.
Leaves out: real results (each version's card measures those).
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from relate_engine.results.observation import Observation
from relate_engine.results.simulated import AdSet, Shift, draw, truth
from relate_engine.rewards.ctcvr import prior
from relate_engine.rewards.ctrhead import Effect
from relate_engine.rewards.logistic import expit
from relate_engine.simulator import Simulator
from relate_engine.training.card import grouped
from relate_engine.training.corpus import Entry
from relate_engine.training.counting import Effects
from relate_engine.training.measure import measure
from relate_engine.training.ratemodels import METHODS
from relate_engine.training.rewards import SHIPPED, Setting, fit_rewards, predict

SEEDS = 20
SETS, TEXTS, IMPRESSIONS = 50, 4, 20_000  # 200 ads
COLD_SETS, COLD_SIZES, SHIFT_SD = 10, (0, 1_000, 10_000, 100_000), 0.5
AWAY = "most a rate moved from the prior"
COLD_SEEDS = 3  # times the seeds of the campaign
FRESH = 1_000_000  # added to a seed: the draw that is only measured on
Say = Callable[[str], None]


def headline_sets(entries: Sequence[Entry]) -> list[AdSet]:
    """Four Google headlines of each brief."""
    found = []
    for entry in entries:
        texts = tuple(dict.fromkeys(t.text for t in entry.texts if t.slot == "headline_30"))[:TEXTS]
        if len(texts) == TEXTS:
            found.append(AdSet(entry.brief.model_copy(update={"placement": "google_rsa"}), "headline", texts))
    return found


def evaluate_rewards(
    simulator: Simulator,
    entries: Sequence[Entry],
    setting: Setting,
    seeds: Sequence[int] = range(SEEDS),
    say: Say = print,
) -> dict[str, Any]:
    """The report: campaign comparison and cold start, means over seeds with 95 % intervals."""
    sets = headline_sets(entries)
    setting = replace(setting, effects=_remember(setting.effects), base_ctr={}, base_cvr={}, source="simulated")
    campaign: dict[str, dict[str, dict[str, list[float]]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for done, seed in enumerate(seeds, 1):
        for where, model, values in _campaign(simulator, sets, setting, seed):
            for name, value in values.items():
                campaign[where][model][name].append(value)
        say(f"campaign: seed {done} of {len(seeds)}")
    ranked = {m: float(np.mean(campaign["new ads"][m]["pair accuracy CTCVR"])) for m in METHODS}
    return {
        "command": "relate evaluate rewards",
        "source": "simulated",
        "simulator": {"name": simulator.name, "sha256": simulator.sha256},
        "head": setting.head,
        "seeds": len(seeds),
        "campaign": {
            "what": f"{SETS * TEXTS} ads x {IMPRESSIONS:,} impressions; mean over seeds and its 95 % interval; "
            "ECE is a share of the base rate",
            **{
                w: {m: {n: _told(v) for n, v in x.items()} for m, x in models.items()} for w, models in campaign.items()
            },
        },
        "best_ranker_of_new_ads": max(ranked, key=lambda m: ranked[m]),
        "shipped": SHIPPED,
        "cold_start": cold_start(simulator, sets, setting, len(seeds) * COLD_SEEDS, say),
    }


def cold_start(
    simulator: Simulator, sets: Sequence[AdSet], setting: Setting, seeds: int, say: Say = print
) -> dict[str, Any]:
    """Errors of a new workspace by how much it has imported. More seeds than the campaign: a workspace is one draw
    of its audience, so the mean of twenty still wavers by more than 1,000 impressions teach."""
    cold: dict[int, dict[str, list[float]]] = {n: defaultdict(list) for n in COLD_SIZES}
    for seed in range(seeds):
        for size, errors in _cold_start(simulator, sets, setting, seed):
            for name, value in errors.items():
                cold[size][name].append(value)
        say(f"cold start: seed {seed + 1} of {seeds}")
    means = {size: {name: float(np.mean(v)) for name, v in errors.items()} for size, errors in cold.items()}
    falls = {
        name: all(means[a][name] > means[b][name] for a, b in pairwise(COLD_SIZES)) for name in ("CTR", "CVR", "CTCVR")
    }
    return {
        "what": "mean |ln predicted - ln true| over texts of other briefs, by imported impressions",
        "seeds": seeds,
        "by_impressions": {str(s): {name: _told(v) for name, v in errors.items()} for s, errors in cold.items()},
        "falls_monotonically": falls,
        "equal_to_prior_at_0": max(cold[0][AWAY]) == 0,
    }


def _campaign(
    simulator: Simulator, sets: Sequence[AdSet], setting: Setting, seed: int
) -> list[tuple[str, str, dict[str, float]]]:
    order = np.random.default_rng(seed).permutation(len(sets))[: 2 * SETS]
    taught, other = [sets[k] for k in order[:SETS]], [sets[k] for k in order[SETS:]]
    teaching = draw(simulator, taught, IMPRESSIONS, seed)
    held = {
        "same ads": (draw(simulator, taught, IMPRESSIONS, seed + FRESH, weeks=1), truth(simulator, taught)),
        "new ads": (draw(simulator, other, IMPRESSIONS, seed + 2 * FRESH, weeks=1), truth(simulator, other)),
    }
    found = []
    for method in METHODS:
        model = fit_rewards(teaching, replace(setting, method=method))
        for where, (rows, _) in held.items():
            p = expit(predict(model, rows, setting))
            found.append((where, str(method), _figures(p, rows)))
    for where, (rows, known) in held.items():
        found.append((where, "oracle", _figures(known, rows)))
    return found


def _figures(p: np.ndarray, rows: Sequence[Observation]) -> dict[str, float]:
    return {m.name: m.value for m in measure(p[:, 0], p[:, 1], rows, "purchase").metrics}


def _cold_start(
    simulator: Simulator, sets: Sequence[AdSet], setting: Setting, seed: int
) -> list[tuple[int, dict[str, float]]]:
    rng = np.random.default_rng(seed + 3 * FRESH)
    order = rng.permutation(len(sets))
    shift = Shift(*rng.normal(0, SHIFT_SD, 2))
    taught, other = [sets[k] for k in order[:COLD_SETS]], [sets[k] for k in order[COLD_SETS : COLD_SETS + SETS]]
    known = truth(simulator, other, shift)
    rows = draw(simulator, other, 1, 0, weeks=1)  # only their texts and briefs are used
    found = []
    for size in COLD_SIZES:
        teaching = draw(simulator, taught, size // (COLD_SETS * TEXTS), seed, shift)
        model = fit_rewards(teaching, setting)
        p = expit(predict(model, rows, setting))
        off = np.abs(np.log(p) - np.log(known)).mean(0)
        both = float(np.abs(np.log(p).sum(1) - np.log(known).sum(1)).mean())
        away = float(np.abs(p - _prior(rows, setting.effects)).max())
        found.append((size, {"CTR": float(off[0]), "CVR": float(off[1]), "CTCVR": both, AWAY: away}))
    return found


def _prior(rows: Sequence[Observation], effects: Effects) -> np.ndarray:
    """(N, 2) what is predicted without any reward model."""
    told = [prior(e, o.placement, {}, {}) for e, o in zip(effects([o.text for o in rows]), rows, strict=True)]
    return expit(np.array([(t.ctr.middle, t.cvr.middle) for t in told]))


def _told(values: Sequence[float]) -> dict[str, float]:
    mean, low, high = grouped(values)
    return {"mean": round(mean, 4), "low": round(low, 4), "high": round(high, 4)}


def _remember(effects: Effects) -> Effects:
    """The head judges each text once, whatever the seeds ask for."""
    known: dict[str, Effect] = {}

    def asked(texts: Sequence[str]) -> list[Effect]:
        if new := [t for t in dict.fromkeys(texts) if t not in known]:
            known.update(zip(new, effects(new), strict=True))
        return [known[t] for t in texts]

    return asked
