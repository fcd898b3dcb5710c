"""`Policy`: the language model as the studio uses it. Brief and wishes in, finished texts out.

On a GPU the NF4 model with its adapter serves itself; on a CPU its int8 copy does. One instance is owned
by one thread (torch and the prompt cache are shared state); services queue for it.
Leaves out: scoring and choosing (draft.py), remote servers (remote.py).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import torch
from peft import PeftModel

from relate_engine.brief import Angle, Brief, placement_of, supported_angles, width
from relate_engine.policy.acceptance import Acceptance
from relate_engine.policy.branching import Branching
from relate_engine.policy.decode import Branch, Sample, sample
from relate_engine.policy.guards import Guard, vocabulary
from relate_engine.policy.int8 import int8_copy
from relate_engine.policy.memory import release
from relate_engine.policy.model import AdapterState, device, load_nf4, load_tokenizer, put_adapter
from relate_engine.policy.points import asked
from relate_engine.policy.prompt import TEMPLATES, Template, brief_lines, few_shot, request_lines

WAVE = 32  # branches sampled together: past this the shared cache costs more than it saves
_STOPS = (".", "!", "?", "\u2026")
_TOKENS = {30: 18, 40: 22, 60: 28, 90: 40, 125: 52}  # most tokens for each aimed width


@dataclass(frozen=True)
class Wish:
    """One text wanted: for which slot of the brief's placement, argued from which angle, about which point if any.
    `say`: words that it must hold; a name begins it, alone or with a colon; anything else is its last sentence."""

    slot: str
    angle: Angle
    point: str = ""
    say: str = ""

    def lead(self, brief: Brief) -> str:
        """What the text begins with: `say` where it is one of the brief's names or a part of one."""
        named = any(f" {self.say.removesuffix(':')} " in f" {name} " for name in brief.names)
        return self.say if self.say and named else ""

    def end(self, brief: Brief, text: str) -> str:
        """The written text with `say` behind it, where that does not begin it."""
        if not text or not self._last(brief):
            return text
        return f"{text}{'' if text.endswith(_STOPS) else '.'}{self._last(brief)}"

    def written(self, brief: Brief, text: str) -> str:
        """The part of such a text that the writer wrote, which is all that can be said to read well or badly."""
        return text.removesuffix(self._last(brief))

    def _last(self, brief: Brief) -> str:
        """The last sentence that `end` adds, with the blank before it."""
        if not self.say or self.lead(brief):
            return ""
        return f" {self.say}{'' if self.say.endswith(_STOPS) else '.'}"

    def room(self, brief: Brief) -> int:
        """Width units that `end` takes, at most."""
        return width(self.end(brief, "x")) - 1


def wanted(brief: Brief, slot: str, angles: Sequence[Angle], count: int, start: int = 0) -> list[Wish]:
    """`count` wishes for a slot, from the `start`th on: over the angles in turn, and over the points that each can be
    argued from, so that two angles, and two turns of one, begin with other points where there are enough."""
    aim, turns = TEMPLATES[brief.placement, slot].aim, (divmod(i, len(angles)) for i in range(start, start + count))
    return [Wish(slot, angles[nth], asked(brief, angles[nth], turn, nth, aim)) for turn, nth in turns]


def one_each(brief: Brief, slot: str, turn: int = 0) -> list[Wish]:
    """A wish for each angle that the brief supports; another `turn` goes on to other points."""
    angles = supported_angles(brief)
    return wanted(brief, slot, angles, len(angles), turn * len(angles))


class Terms(NamedTuple):
    """What a finished text of a slot must keep to. `limit` in width units; `tokens`: the most that are sampled."""

    limit: int
    tokens: int
    exclamation: bool  # may it hold an exclamation mark?


def terms_of(placement: str, slot: str) -> Terms:
    """The Terms of a slot of a placement."""
    shape, aim = placement_of(placement).slot(slot), TEMPLATES[placement, slot].aim
    exclamation = not (placement == "google_rsa" and slot == "headline")
    return Terms(min(shape.limit, max(aim, shape.visible)), _TOKENS[aim], exclamation)


class Policy:
    """The writer in memory. `version`, `path` and `state` say what is loaded."""

    def __init__(self, base_folder: str, adapter: Path, acceptance: Acceptance) -> None:
        self.acceptance = acceptance
        self.tokenizer: Any = load_tokenizer(base_folder)
        on_gpu = device().type == "cuda"
        model, self.state = put_adapter(
            load_nf4(base_folder, torch.bfloat16 if on_gpu else torch.float32), adapter, base_folder
        )
        if on_gpu:
            self.model: Any = model.get_base_model() if isinstance(model, PeftModel) else model
            self.path = "NF4"
        else:
            self.model = int8_copy(model)
            self.path = "int8 copy of NF4"
        del model
        release()
        self.words = vocabulary(self.tokenizer)
        lines = () if self.state.trained else self.tokenizer.encode("\n", add_special_tokens=False)
        self.ends = frozenset({self.tokenizer.eos_token_id, *lines})
        self._prompt: tuple[str, Branching] | None = None

    @property
    def version(self) -> str:
        return self.state.version

    def write(
        self,
        brief: Brief,
        wishes: Sequence[Wish],
        seed: int,
        temperature: float = 1.0,
        raw: bool = False,
        worn: Mapping[str, frozenset[int]] | None = None,
        stretch: int = 1,
    ) -> Iterator[tuple[Wish, Sample]]:
        """Each wish's Sample as it ends, wave by wave. `raw`: temperature 1, no guards, texts may run over.

        `worn`: by slot, tokens that its texts may not open with. `stretch`: times the limit at which a text is
        dropped, to see what would have been too long.
        """
        generator = torch.Generator().manual_seed(seed)
        guards: dict[str, Guard] = {}
        by_kind: dict[str, list[Wish]] = {}
        for wish in wishes:
            kind = "" if self.state.trained else TEMPLATES[brief.placement, wish.slot].kind
            by_kind.setdefault(kind, []).append(wish)
        for group in by_kind.values():
            prompt = self._prefill(brief, TEMPLATES[brief.placement, group[0].slot])
            for start in range(0, len(group), WAVE):
                wave = group[start : start + WAVE]
                branches = []
                for wish in wave:
                    template, terms = TEMPLATES[brief.placement, wish.slot], terms_of(brief.placement, wish.slot)
                    if not raw and wish.slot not in guards:
                        avoid = (worn or {}).get(wish.slot, frozenset())
                        guards[wish.slot] = Guard(self.words, brief, exclamation=terms.exclamation, worn=avoid)
                    lead, guard = wish.lead(brief), None if raw else guards[wish.slot]
                    request = self._request(template, wish, lead)
                    most = (terms.limit * stretch, terms.tokens * stretch)
                    branches.append(Branch(tuple(request), *most, guard, self.ends, lead, wish.room(brief)))
                warmth = 1.0 if raw else temperature
                for done in sample(prompt, self.tokenizer, branches, warmth, generator):
                    wish = wave[done.branch]
                    yield wish, replace(done, text=wish.end(brief, done.text))

    def _request(self, template: Template, wish: Wish, lead: str = "") -> list[int]:
        """Ids of the lines that ask for the wish, with its point if the adapter knows points, and of the text's
        `lead`."""
        lines = request_lines(template, wish.angle, wish.point if self.state.points else "") + lead
        ids: list[int] = self.tokenizer.encode(lines, add_special_tokens=False)
        return ids

    @torch.inference_mode()
    def logprobs(self, brief: Brief, wish: Wish, ids: Sequence[int]) -> list[float]:
        """Of each of the sampled `ids` (EOS included if it ended) after this wish's prompt, at temperature 1.

        Not while a `write` is under way: both use the brief's prompt."""
        template = TEMPLATES[brief.placement, wish.slot]
        prompt = self._prefill(brief, template)
        prompt.open(1)
        request = self._request(template, wish)
        fed = torch.tensor([[[*request, *ids[:-1]]]], device=self.model.device)
        hidden = prompt.feed(fed)[0, 0, len(request) - 1 :]
        logits = self.model.lm_head(hidden).float().log_softmax(-1)  # (ids, vocabulary)
        found: list[float] = logits.gather(1, torch.tensor(ids, device=logits.device)[:, None])[:, 0].tolist()
        return found

    def _prefill(self, brief: Brief, template: Template) -> Branching:
        """The brief's prompt; kept until another brief comes."""
        text = brief_lines(brief)
        if not self.state.trained:
            text = few_shot(template, "benefit") + text
        if self._prompt is None or self._prompt[0] != text:
            self._prompt = (text, Branching(self.model, [self.tokenizer.encode(text, add_special_tokens=False)]))
        return self._prompt[1]


__all__ = ["AdapterState", "Policy", "Sample", "Wish"]
