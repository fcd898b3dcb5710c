"""The front door: a brief in, ranked scorecards out.

Over-generate over the angles the brief supports, drop what breaks a promise (each with its reason), score
the rest, and keep the best that differ. Texts are yielded provisionally as they end; the list settles once.
Blocked texts are never among the candidates. (RELATE, arXiv 2602.11780: rewards; best-of-N is ours.)
Leaves out: storage and people (app/services).
"""

import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from relate_engine.brief import Angle, Brief, full_ad, supported_angles
from relate_engine.mustsay import asked_to_say, let_in, under_name
from relate_engine.policy.acceptance import load_acceptance, signals
from relate_engine.policy.paths import paths
from relate_engine.policy.points import half_empty
from relate_engine.policy.prompt import TEMPLATES
from relate_engine.policy.remote import RemotePolicy
from relate_engine.policy.weights import policy_folder
from relate_engine.policy.writer import Policy, Sample, Wish, wanted
from relate_engine.refusal import refusal
from relate_engine.rewards.compliance import check_ad
from relate_engine.rewards.mix import choose, distinct, weighed
from relate_engine.rewards.readable import readable
from relate_engine.rewards.relevance import relevance
from relate_engine.rewards.words import spoken
from relate_engine.score import Rewards, score_texts
from relate_engine.scorecard import AdText, Finding, Scorecard

# Sampling rounds before a slot is left with what there is, and how much warmer each samples: two for more good texts,
# then, only where too few differ, four for other texts.
WARMER = (0.0, 0.05, 0.5, 0.75, 0.75, 1.0)
COOL = 2
OVERSAMPLE = 6  # texts sampled for each one shown
SPARE = 2  # texts more than are shown, since the scorecard drops some
LEAST = 32  # fewest texts sampled for a slot in a round: the width of a wave costs little more than one text
WORN = 3  # texts of a slot that open alike; warm rounds must open otherwise
# P(an editor would run it): enough texts over GOOD end the sampling; under POOR a text is shown only where fewer than
# ENOUGH of the slot tell something new, under FAIR only where fewer than that differ at all, under WORST never
GOOD, POOR, FAIR, WORST, ENOUGH = 0.6, 0.6, 0.1, 0.03, 8
THIN = 0.5  # what of that a text keeps which leaves half of a slot of two sentences empty: it says less than it could


@dataclass(frozen=True)
class Progress:
    done: int
    total: int
    label: str


@dataclass(frozen=True)
class Provisional:
    """A text that passed the rules and waits for its scorecard."""

    text: AdText


@dataclass(frozen=True)
class Dropped:
    text: str
    slot: str
    angle: Angle | None
    reason: str


@dataclass(frozen=True)
class Draft:
    """What is shown: candidates best first inside each slot, what was dropped and why, and how long it took."""

    candidates: tuple[Scorecard, ...]
    dropped: tuple[Dropped, ...]
    ad_findings: tuple[Finding, ...]
    timing: dict[str, float]
    versions: dict[str, str]
    short: dict[str, int]  # slots left short: how many are missing


@dataclass(frozen=True)
class Drafted:
    draft: Draft


Event = Progress | Provisional | Drafted
Writer = Policy | RemotePolicy  # draft() asks of both: version, path, acceptance, write


def load_policy(base_model: str, cache: Path, adapter: Path, assets: Path) -> Policy:
    """The writer: the base from `cache` (or the user's own) with its adapter. Raises WeightsError with a remedy."""
    return Policy(policy_folder(base_model, cache), adapter, load_acceptance(assets / "heads" / "acceptance"))


def load_remote(url: str, model: str, key: str, examples: bool, assets: Path) -> RemotePolicy:
    """The writer behind a server; nothing is loaded here. Raises RemoteError with a remedy."""
    return RemotePolicy(url, model, key, load_acceptance(assets / "heads" / "acceptance"), examples)


def draft(
    policy: Writer,
    rewards: Rewards,
    brief: Brief,
    counts: Mapping[str, int],
    seed: int = 0,
    served: Sequence[str] = (),
    angle: Angle | None = None,
    like: str | None = None,
    oversample: int = OVERSAMPLE,
    temperature: float = 0.8,
    rival: Writer | None = None,
) -> Iterator[Event]:
    """Drafts `counts[slot]` texts for each slot of the brief's placement. Yields Events, Drafted last.

    `served`: texts the audience has seen. `angle`: write from this angle only. `like`: prefer texts near
    this one in meaning ("more like this"), still different from it in words. `rival`: another writer that gets
    half of the wishes, on the same angles (a trial); each text's author names its writer. Of a text that both
    wrote the first counts, so chance says who begins.
    """
    started = time.perf_counter()
    brief = readable(rewards.rules, brief)
    writers = (policy, rival) if rival else (policy,)
    angles = (angle,) if angle else supported_angles(brief)
    passed: dict[str, list[AdText]] = {slot: [] for slot in counts}
    accepted: dict[str, float] = {}  # by text: P(an editor would run it)
    openings: dict[str, Counter[int]] = {slot: Counter() for slot in counts}  # first tokens of the passed texts
    asked: Counter[str] = Counter()  # wishes so far, so that a further round goes on to other points
    dropped: list[Dropped] = []
    seen = {spoken(t) for t in served}
    total = sum(counts.values())
    whole = all(counts.get(slot, 0) >= n for slot, n in full_ad(brief).items())
    for attempt, warmer in enumerate(WARMER):
        wishes = []
        least, most = (GOOD, total) if attempt < COOL else (WORST, ENOUGH + SPARE)
        for slot, count in counts.items():
            have = distinct(t.text for t in passed[slot] if accepted[t.text] >= least)
            want = min(count, most) if attempt < COOL else min(count + SPARE, most)
            if slot != "path" and have < want:
                rows = max(LEAST, (want - have) * oversample) // len(writers)
                plain = under_name(brief, slot, wanted(brief, slot, angles, rows, asked[slot]), asked[slot])
                wishes += asked_to_say(brief, slot, plain, asked[slot]) if whole else plain
                asked[slot] += rows
        fresh: list[tuple[AdText, Sample, str]] = []  # with what of it was written
        worn = {slot: frozenset(t for t, n in seen_first.items() if n >= WORN and attempt >= COOL)
                for slot, seen_first in openings.items()}  # fmt: skip
        for author, wish, sample in _written(writers, brief, wishes, seed + 7919 * attempt, temperature + warmer, worn):
            reason = sample.why or refusal(rewards.rules, sample.text, wish.slot, brief)
            if not reason and spoken(sample.text) in seen:
                reason = "written twice"
            if reason:
                dropped.append(Dropped(sample.text, wish.slot, wish.angle, reason))
                continue
            seen.add(spoken(sample.text))
            text = AdText(sample.text, wish.slot, wish.angle, author)
            passed[wish.slot].append(text)
            if not wish.lead(brief):  # its first token is not the text's
                openings[wish.slot][sample.ids[0]] += 1
            fresh.append((text, sample, wish.written(brief, sample.text)))
            yield Provisional(text)
            enough = sum(min(len(passed[slot]), count) for slot, count in counts.items())
            yield Progress(enough, total, f"{sum(map(len, passed.values()))} texts written")
        fits = relevance(rewards.encoder, [written for *_, written in fresh], brief)
        for (text, sample, written), (fit, _) in zip(fresh, fits, strict=True):
            aim = TEMPLATES[brief.placement, text.slot].aim
            told = signals(written, aim, sample.logprobs, fit, brief)
            accepted[text.text] = policy.acceptance.probability(told, aim)
    if "path" in counts:
        refused: dict[str, str] = {}

        def refuses(path: str) -> str:
            refused[path] = refusal(rewards.rules, path, "path", brief)
            return refused[path]

        found = paths(brief, counts["path"], refuses)
        passed["path"] = [AdText(p, "path", None, f"policy:{policy.version}") for p in found]
        dropped += [Dropped(path, "path", None, reason) for path, reason in refused.items() if reason]
    generated = time.perf_counter()
    yield Progress(total, total, "Scoring")

    scored = score_texts(rewards, brief, [t for slot in counts for t in passed[slot]], served, policy.path)
    shown: dict[str, list[Scorecard]] = {}
    left: dict[str, list[Scorecard]] = {}  # might have been shown
    for slot, count in counts.items():
        cards = [c for c in scored if c.slot == slot]
        for card, worst in [(c, f) for c in cards for f in c.findings if f.severity == "block"]:
            dropped.append(Dropped(card.text, slot, card.angle, f"{worst.rule_id}: {worst.message}"))
        cards = [c for c in cards if c.compliance.level != "blocked"]  # by the classifier: rules have refused already
        worth = _worth(cards, accepted, TEMPLATES[brief.placement, slot].aim if slot != "path" else 0)
        readable_ones = _readable(cards, worth, min(count, ENOUGH))
        dropped += [
            Dropped(c.text, slot, c.angle, "reads unfinished or unclear") for c in cards if c not in readable_ones
        ]
        cards = readable_ones
        if like:
            near = rewards.encoder.encode([like, *(c.text for c in cards)])
            likeness = near[1:] @ near[0]
            cards = [replace(c, rank=c.rank + 0.5 * float(s)) for c, s in zip(cards, likeness, strict=True)]
        cards = weighed(cards, worth)
        shown[slot], why = choose(cards, count, [like] if like else (), worth)
        left[slot] = [c for c in cards if c.text in why]
        dropped += [Dropped(c.text, slot, c.angle, why[c.text]) for c in left[slot]]
    for new, out, reason in let_in(brief, shown, left) if whole else ():
        dropped = [d for d in dropped if (d.slot, d.text) != (new.slot, new.text)]
        dropped.append(Dropped(out.text, out.slot, out.angle, reason))
    candidates: list[Scorecard] = []
    for slot, best in shown.items():
        # scored again as the group that is shown, so that diversity speaks of the texts on the page
        group = [AdText(c.text, slot, c.angle, c.author) for c in best]
        final = score_texts(rewards, brief, group, served, policy.path)
        candidates += [
            replace(new, rank=old.rank, rank_words=old.rank_words) for new, old in zip(final, best, strict=True)
        ]
    by_slot = {slot: [c.text for c in candidates if c.slot == slot] for slot in counts}
    must_say = brief.brand_kit.must_say
    yield Drafted(
        Draft(
            tuple(candidates),
            tuple(dropped),
            tuple(check_ad(rewards.rules, brief.placement, by_slot, must_say=must_say)) if whole else (),
            {"generate_s": generated - started, "score_s": time.perf_counter() - generated},
            versions_of(policy, rewards) | ({"rival": rival.version} if rival else {}),
            {slot: n - len(by_slot[slot]) for slot, n in counts.items() if len(by_slot[slot]) < n},
        )
    )


def _written(
    writers: Sequence[Writer],
    brief: Brief,
    wishes: Sequence[Wish],
    seed: int,
    temperature: float,
    worn: Mapping[str, frozenset[int]],
) -> Iterator[tuple[str, Wish, Sample]]:
    """Every writer's answers to the same wishes, with the author of each; the seed draws who begins."""
    for turn, writer in enumerate(random.Random(seed).sample(writers, len(writers))):
        for wish, sample in writer.write(brief, wishes, seed + 104_729 * turn, temperature, worn=worn):
            yield f"policy:{writer.version}", wish, sample


def _worth(cards: Sequence[Scorecard], accepted: Mapping[str, float], aim: int) -> dict[str, float]:
    """P(an editor would run it) by text, less where a long slot is left half empty."""
    return {c.text: accepted[c.text] * (THIN if half_empty(c.width, aim) else 1) for c in cards if c.text in accepted}


def _readable(cards: Sequence[Scorecard], accepted: Mapping[str, float], enough: int) -> list[Scorecard]:
    """The texts an editor would likely run; where fewer than `enough` of them tell something new, the next best too."""
    kept: list[Scorecard] = []
    for card in sorted(cards, key=lambda c: -accepted.get(c.text, 1.0)):
        chance = accepted.get(card.text, 1.0)
        if chance < POOR and (chance < WORST or distinct((c.text for c in kept), new=chance >= FAIR) >= enough):
            break
        kept.append(card)
    return kept


def raw_draft(policy: Writer, rewards: Rewards, brief: Brief, counts: Mapping[str, int], seed: int = 0) -> Draft:
    """`counts` texts as the policy writes them: temperature 1, no guards, no drops, no choice; then scored."""
    started = time.perf_counter()
    angles = supported_angles(brief)
    wishes = [w for s, n in counts.items() if s != "path" for w in wanted(brief, s, angles, n)]
    author = f"policy:{policy.version}"
    written = [AdText(s.text, w.slot, w.angle, author) for w, s in policy.write(brief, wishes, seed, raw=True)]
    generated = time.perf_counter()
    cards = [c for slot in counts for c in score_texts(
        rewards, brief, [t for t in written if t.slot == slot and t.text], path=policy.path)]  # fmt: skip
    return Draft(
        tuple(sorted(cards, key=lambda c: -c.rank)),
        (),
        (),
        {"generate_s": generated - started, "score_s": time.perf_counter() - generated},
        versions_of(policy, rewards),
        {},
    )


def versions_of(policy: Writer, rewards: Rewards) -> dict[str, str]:
    """What a draft of today is made by."""
    made = {"rewards": rewards.version, "rules": rewards.rules.version}
    return {"policy": policy.version, **made, "path": policy.path}
