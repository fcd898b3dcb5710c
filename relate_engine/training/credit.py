"""Credit assignment: which tokens of a sampled text earn its rewards, as advantages for the policy loss.

A group is one (brief, slot, angle) with G texts y_1..y_G. Sentence rewards judge the text as a whole and go to every
token; token rewards are findings and go to the tokens of their span. For token t of y_i
    A_sent(i)  = (R(i) - mean_group R) / (std_group R + 1e-4),   R(i) = sum_k w_k r_k(i)       computed by TRL
    z(i,t)     = sum_f w_f · amount_f over the findings f whose span holds t                   ≤ 0, 0 elsewhere
    A_tok(i,t) = clip((z(i,t) - mean of z over the group's tokens) / scale, -clip, clip)       0 if the group is clean
    A(i,t)     = A_sent(i) + λ · A_tok(i,t)                                                    spread "token"
    A(i,t)     = A_sent(i) + λ · mean_t' A_tok(i,t')                                           spread "mean"
A fixed scale and no z-score: with one token in a hundred flagged, a z-score of it would be -10. Both spreads give a
text the same summed advantage; they differ in where it lands. Padding, texts that did not end and texts that could
not be scored have no token credit, and their tokens do not count in the mean.
Leaves out: where findings come from (judge.py) and the loss (TRL).
Paper: RELATE (arXiv 2602.11780), granularity-aware credit; the equations are ours.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from relate_engine.scorecard import Finding, RewardName

if TYPE_CHECKING:  # a page that shows credit by word imports this file, and torch takes seconds
    import torch


@dataclass(frozen=True)
class Arm:
    """One way to reward: plain data, written to the manifest. Arms differ in nothing but these settings."""

    name: str
    sentence: Mapping[str, float]  # w_k of `length`, `format`, `ctr`, `ctcvr` (judge.SENTENCE)
    token: Mapping[RewardName, float]  # w_f by the reward a finding belongs to
    spread: Literal["token", "mean"] = "token"  # where token credit lands: on the span, or on the whole text
    credit: float = 2.0  # λ: how much token credit counts beside the sentence advantage
    scale: float = 0.5  # what of z is one unit of advantage; a block amounts to -1, a caution to -0.25
    clip: float = 3.0  # largest token advantage
    fill: float = 0.5  # of the fold: a text narrower than this wastes its slot (judge.length)
    slack: float = 0.25  # of the fold: the width over which the length reward falls to 1/e beyond it


# The ablation ladder of the paper. M4 and RELATE share rewards, weights, λ, scale and clip: only `spread` differs.
_M1 = Arm("m1", {"length": 0.5, "format": 1.0}, {}, spread="mean")
_M2 = replace(_M1, name="m2", sentence={**_M1.sentence, "ctcvr": 2.0})
_M3 = replace(_M2, name="m3", token={"diversity": 1.5})  # at much more, odd words pay better than texts that sell
_M4 = replace(_M3, name="m4", token={**_M3.token, "correctness": 1.0, "relevance": 1.0, "compliance": 4.0})
ARMS: dict[str, Arm] = {
    arm.name: arm
    for arm in (
        Arm("ctr", {"ctr": 1.0}, {}, spread="mean"),
        _M1,
        _M2,
        _M3,
        _M4,
        replace(_M4, name="relate", spread="token"),
    )
}


def spell(tokenizer: Any, ids: Sequence[int]) -> tuple[str, list[tuple[int, int]]]:
    """The text of sampled `ids` (no EOS among them) and the characters [start, end) that each token spells.

    By decoding ever longer beginnings: tokenising the text again gives other ids. A character made of several
    tokens belongs to all of them, and a token that spells nothing covers an empty range.
    """
    text: str = tokenizer.decode(list(ids))
    cover, known = [], 0
    for n in range(1, len(ids) + 1):
        so_far = text if n == len(ids) else tokenizer.decode(list(ids[:n]))
        agreed = _common(so_far, text)
        unfinished = len(so_far) > agreed and agreed < len(text)  # the first bytes of a character
        cover.append((known, max(known, agreed + unfinished)))
        known = max(known, agreed)
    return text, cover


def _common(a: str, b: str) -> int:
    """Length of the longest common beginning."""
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def responsible(cover: Sequence[tuple[int, int]], start: int | None, end: int | None) -> list[int]:
    """Indices of the tokens that spell [start, end). All of them for a finding without a span; for an empty span
    the token it stands in, at the end of the text the last one."""
    if start is None or end is None:
        return list(range(len(cover)))
    held = [t for t, (a, b) in enumerate(cover) if a < end and b > start]
    return held or [next((t for t, (a, b) in enumerate(cover) if a <= start < b), len(cover) - 1)]


def credits_of(
    findings: Iterable[Finding], cover: Sequence[tuple[int, int]], weights: Mapping[RewardName, float]
) -> list[float]:
    """z of each token of one text: the weighted amounts of the findings whose span holds it.

    Only findings that train (`credit`), of a reward that `weights` names.
    """
    z = [0.0] * len(cover)
    for found in findings:
        weight = weights.get(found.reward, 0.0)
        if found.credit and weight and cover:
            for t in responsible(cover, found.start, found.end):
                z[t] += weight * found.amount
    return z


def token_advantages(
    z: "torch.Tensor", counted: "torch.Tensor", group: int, scale: float, clip: float
) -> "torch.Tensor":
    """A_tok, (B, T). `z`: (B, T) with the B / `group` groups one after another; `counted`: (B, T) bool, the tokens
    of judged texts. Elsewhere, and in a group with nothing flagged, 0."""
    wide = (-1, group * z.shape[1])
    kept = counted.reshape(wide)
    value = z.reshape(wide) * kept
    mean = value.sum(1, keepdim=True) / kept.sum(1, keepdim=True).clamp(min=1)
    flagged = (value != 0).any(1, keepdim=True)
    return (((value - mean) / scale).clamp(-clip, clip) * (kept & flagged)).reshape(z.shape)


def advantages(
    sentence: "torch.Tensor", z: "torch.Tensor", counted: "torch.Tensor", mask: "torch.Tensor", group: int, arm: Arm
) -> "torch.Tensor":
    """A, (B, T), for TRL's loss. `sentence`: (B,) A_sent; `z`, `counted`: as in `token_advantages`; `mask`: (B, T),
    1 on the sampled tokens, 0 on padding."""
    token = token_advantages(z, counted, group, arm.scale, arm.clip)
    if arm.spread == "mean":
        token = counted * token.sum(1, keepdim=True) / counted.sum(1, keepdim=True).clamp(min=1)
    return (sentence[:, None] + arm.credit * token) * mask
