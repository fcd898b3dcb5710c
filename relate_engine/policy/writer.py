"""`Policy`: the language model as the studio uses it. Brief and wishes in, finished texts out.

On a GPU the NF4 model with its adapter serves itself; on a CPU its int8 copy does. One instance is owned
by one thread (torch and the prompt cache are shared state); services queue for it.
Leaves out: scoring and choosing (draft.py), remote servers (a later issue).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel

from relate_engine.brief import Angle, Brief, placement_of
from relate_engine.policy.acceptance import Acceptance
from relate_engine.policy.decode import Branch, Prefix, Sample, sample
from relate_engine.policy.guards import Guard, vocabulary
from relate_engine.policy.int8 import int8_copy
from relate_engine.policy.memory import release
from relate_engine.policy.model import AdapterState, device, load_nf4, load_tokenizer, put_adapter
from relate_engine.policy.prompt import TEMPLATES, Template, brief_lines, few_shot, request_lines

WAVE = 32  # branches sampled together: past this the shared cache costs more than it saves
_TOKENS = {30: 18, 40: 22, 60: 28, 90: 40, 125: 52}  # most tokens for each aimed width


@dataclass(frozen=True)
class Wish:
    """One text wanted: for which slot of the brief's placement, argued from which angle."""

    slot: str
    angle: Angle


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
        self._prefix: tuple[str, Prefix] | None = None

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
    ) -> Iterator[tuple[Wish, Sample]]:
        """Each wish's Sample as it ends, wave by wave. `raw`: temperature 1, no guards, texts may run over.

        `worn`: by slot, tokens that its texts may not open with.
        """
        generator = torch.Generator().manual_seed(seed)
        placement = placement_of(brief.placement)
        guards: dict[str, Guard] = {}
        by_kind: dict[str, list[Wish]] = {}
        for wish in wishes:
            kind = "" if self.state.trained else TEMPLATES[brief.placement, wish.slot].kind
            by_kind.setdefault(kind, []).append(wish)
        for group in by_kind.values():
            prefix = self._prefill(brief, TEMPLATES[brief.placement, group[0].slot])
            for start in range(0, len(group), WAVE):
                wave = group[start : start + WAVE]
                branches = []
                for wish in wave:
                    template = TEMPLATES[brief.placement, wish.slot]
                    exclamation = not (brief.placement == "google_rsa" and wish.slot == "headline")
                    if not raw and wish.slot not in guards:
                        avoid = (worn or {}).get(wish.slot, frozenset())
                        guards[wish.slot] = Guard(self.words, brief, exclamation=exclamation, worn=avoid)
                    request = self.tokenizer.encode(request_lines(template, wish.angle), add_special_tokens=False)
                    limit = min(placement.slot(wish.slot).limit, max(template.aim, placement.slot(wish.slot).visible))
                    tokens = _TOKENS[template.aim]
                    branches.append(
                        Branch(tuple(request), limit, tokens, None if raw else guards[wish.slot], self.ends)
                    )
                warmth = 1.0 if raw else temperature
                for done in sample(self.model, self.tokenizer, prefix, branches, warmth, generator):
                    yield wave[done.branch], done

    def _prefill(self, brief: Brief, template: Template) -> Prefix:
        """The cache of the brief's prompt; kept until another brief comes."""
        text = brief_lines(brief)
        if not self.state.trained:
            text = few_shot(template, "benefit") + text
        if self._prefix is None or self._prefix[0] != text:
            ids = self.tokenizer.encode(text, add_special_tokens=False)
            self._prefix = (text, Prefix(self.model, ids))
        return self._prefix[1]


__all__ = ["AdapterState", "Policy", "Sample", "Wish"]
