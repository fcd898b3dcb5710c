"""Many continuations of a few prompts through a causal model at once, the keys of each prompt held once.

Sampling of serving and of rollouts stands on it. Attention of a branch has two parts under one softmax:
    far    all queries of a prompt against the prompt's keys, one matrix product
    near   each branch's queries against its own keys
so that a branch neither copies the prompt nor looks at the others. It goes in by transformers' attention interface, so
norms, rotations and projections stay the library's, whatever the weights are (NF4, int8, LoRA). Used by one thread.
Leaves out: what is sampled (decode.py, training/rollouts.py), windows and other masks that a model may want.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from transformers import AttentionInterface

_ROOM = 24  # columns for keys that are added when there is no room left
NAME = "branching"


class Branching:
    """The prompts' keys and values, and those of the branches that are open. P prompts with n branches each."""

    @torch.inference_mode()
    def __init__(self, model: Any, prompts: Sequence[Sequence[int]]) -> None:
        """Runs the ids of the `prompts` through `model` (a causal language model); `last` is what it ends in."""
        self.model = model
        self._far: list[tuple[torch.Tensor, torch.Tensor]] = []  # by layer: keys and values (P, G, prompt, D)
        self._known = torch.zeros(len(prompts), 0, dtype=torch.bool, device=model.device)  # (P, prompt): not padding
        self.open(1)
        longest = max(map(len, prompts))
        ids = torch.tensor([[*p] + [p[-1]] * (longest - len(p)) for p in prompts], device=model.device)[:, None]
        lengths = torch.tensor([len(p) for p in prompts], device=model.device)
        real = torch.arange(longest, device=model.device) < lengths[:, None, None]
        # The first token draws activations a hundred times larger than all others (an attention sink). Fed
        # alone, it does not set the int8 scale of the rest: apart, the loss is 0.9 nats lower.
        parts = [self.feed(ids[..., :1], real[..., :1])]
        if longest > 1:
            parts.append(self.feed(ids[..., 1:], real[..., 1:]))
        self.last = torch.cat(parts, 2)[torch.arange(len(prompts)), 0, lengths - 1]  # (P, H)
        self._far = [(k[:, :, :longest].clone(), v[:, :, :longest].clone()) for k, v in self._near]
        self._known = real[:, 0]
        self.open(1)

    def open(self, branches: int) -> None:
        """Forgets all branches and begins `branches` empty ones of each prompt."""
        self._near: list[tuple[torch.Tensor, torch.Tensor]] = []  # by layer: (P·n, G, room, D)
        shape = (len(self._known), branches, 0)
        self._held = torch.zeros(shape, dtype=torch.bool, device=self._known.device)  # (P, n, columns): hold a token

    @torch.inference_mode()
    def feed(self, ids: torch.Tensor, real: torch.Tensor | None = None) -> torch.Tensor:
        """Adds (P, n, T) ids to the branches; returns the last hidden states (P, n, T, H).

        `real`: bool, of the shape of ids; what is False is padding, which no later token sees.
        """
        real = torch.ones_like(ids, dtype=torch.bool) if real is None else real
        before = self._known.sum(1)[:, None, None] + self._held.sum(2, keepdim=True)
        position = (before + real.cumsum(2) - 1).clamp(min=0)
        self._held = torch.cat([self._held, real], 2)
        columns, new = self._held.shape[2], ids.shape[2]
        here = torch.arange(columns, device=ids.device)
        causal = here <= here[-new:, None]  # (T, columns)
        self._sees = (self._held[:, :, None] & causal).flatten(0, 1)[:, None, None]  # (P·n, 1, 1, T, columns)
        with _attention(self.model.config):
            hidden = self.model.model(
                input_ids=ids.flatten(0, 1), position_ids=position.flatten(0, 1), use_cache=False, branching=self
            ).last_hidden_state
        states: torch.Tensor = hidden.unflatten(0, ids.shape[:2])
        return states

    @torch.inference_mode()
    def keep(self, branches: torch.Tensor) -> None:
        """Goes on with the (P, m) branches of each prompt, by their number; one may be named more than once."""
        prompts, n, _ = self._held.shape
        rows = (branches + n * torch.arange(prompts, device=branches.device)[:, None]).flatten()
        self._near = [(k[rows], v[rows]) for k, v in self._near]
        self._held = self._held.flatten(0, 1)[rows].unflatten(0, branches.shape)

    def attend(
        self, layer: int, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scale: float
    ) -> torch.Tensor:
        """(P·n, T, heads, D) from query (P·n, heads, T, D) and the fresh key and value (P·n, G, T, D)."""
        keys, values = self._with(layer, key, value)
        prompts, n, _ = self._held.shape
        groups, tokens, size = key.shape[1:]
        query = query.unflatten(1, (groups, -1)) * scale  # (P·n, G, heads a group, T, D)
        heads = query.shape[2]
        near = query.flatten(2, 3) @ keys.transpose(2, 3)  # (P·n, G, heads · T, columns)
        near = near.unflatten(2, (heads, tokens)).masked_fill(~self._sees, float("-inf"))
        if not self._far:
            out = near.softmax(-1).flatten(2, 3) @ values
            return out.unflatten(2, (heads, tokens)).flatten(1, 2).transpose(1, 2)
        far_keys, far_values = self._far[layer]
        wide = (prompts, n, groups, heads * tokens)
        across = query.unflatten(0, (prompts, n)).transpose(1, 2).reshape(prompts, groups, -1, size)
        far = across @ far_keys.transpose(2, 3)  # (P, G, n · heads · T, prompt)
        if prompts > 1:
            far = far.masked_fill(~self._known[:, None, None], float("-inf"))
        far = far.unflatten(2, (n, heads * tokens)).transpose(1, 2)  # (P, n, G, heads · T, prompt)
        heat = torch.cat([far, near.flatten(2, 3).view(*wide, -1)], -1).softmax(-1)
        far, near = heat.split([far.shape[-1], near.shape[-1]], -1)
        out = near.flatten(0, 1) @ values  # (P·n, G, heads · T, D)
        across = far.transpose(1, 2).flatten(2, 3) @ far_values  # (P, G, n · heads · T, D)
        out = out + across.unflatten(2, (n, heads * tokens)).transpose(1, 2).flatten(0, 1)
        return out.unflatten(2, (heads, tokens)).flatten(1, 2).transpose(1, 2)

    def _with(self, layer: int, key: torch.Tensor, value: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The branches' keys and values with the fresh ones, (P·n, G, columns, D); room is made where it is used up."""
        columns, new = self._held.shape[2], key.shape[2]
        if layer == len(self._near):
            shape = (*key.shape[:2], columns + _ROOM, key.shape[3])
            self._near.append((key.new_zeros(shape), value.new_zeros(shape)))
        keys, values = self._near[layer]
        if keys.shape[2] < columns:
            more = key.new_zeros(*key.shape[:2], new + _ROOM, key.shape[3])
            keys, values = self._near[layer] = torch.cat([keys, more], 2), torch.cat([values, more], 2)
        keys[:, :, columns - new : columns], values[:, :, columns - new : columns] = key, value
        return keys[:, :, :columns], values[:, :, :columns]


def _branching(
    module: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: None, *,
    scaling: float, branching: Branching, **_: Any,
) -> tuple[torch.Tensor, None]:  # fmt: skip
    return branching.attend(module.layer_idx, query, key, value, scaling), None


AttentionInterface.register(NAME, _branching)


@contextmanager
def _attention(config: Any) -> Iterator[None]:
    """Within: layers of a model with this config attend by branches. A model in training shares it with its copy."""
    usual, config._attn_implementation = config._attn_implementation, NAME
    try:
        yield
    finally:
        config._attn_implementation = usual
