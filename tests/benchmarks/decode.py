"""Tokens sampled a second: 8 candidates of one brief, guards on, against transformers' generate in bfloat16.

Same prompt, same lengths, same run, in turn. Run on an idle machine: `python -m tests.benchmarks.decode`.
"""

import json
import statistics
import time

import torch
from transformers import AutoModelForCausalLM

from relate_engine.config import ASSETS, settings
from relate_engine.draft import load_policy
from relate_engine.policy.branching import Branching
from relate_engine.policy.decode import Branch, sample
from relate_engine.policy.guards import Guard
from relate_engine.policy.prompt import DESCRIPTION_90, brief_lines, request_lines
from relate_engine.policy.weights import policy_folder
from relate_engine.training.corpus import read_corpus

CANDIDATES, TOKENS, RUNS = 8, 32, 5


def main() -> None:
    config = settings()
    policy = load_policy(config.base_model, config.cache, config.adapter, ASSETS)
    folder = policy_folder(config.base_model, config.cache)
    peer = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16).eval()
    brief = next(e.brief for e in read_corpus(ASSETS / "corpus") if e.split == "test")
    start, request = brief_lines(brief), request_lines(DESCRIPTION_90, "benefit")
    encode = policy.tokenizer.encode
    whole = torch.tensor([encode(start + request)])

    def ours() -> int:
        guard = Guard(policy.words, brief, exclamation=False)
        branch = Branch(tuple(encode(request)), 10_000, TOKENS, guard, frozenset())  # no EOS: lengths are equal
        prompt = Branching(policy.model, [encode(start)])
        generator = torch.Generator().manual_seed(0)
        samples = sample(prompt, policy.tokenizer, [branch] * CANDIDATES, 0.7, generator)
        return sum(len(s.ids) for s in samples)

    @torch.inference_mode()
    def theirs() -> int:
        made = peer.generate(
            whole,
            attention_mask=torch.ones_like(whole),
            do_sample=True,
            temperature=0.7,
            top_k=40,
            num_return_sequences=CANDIDATES,
            min_new_tokens=TOKENS,
            max_new_tokens=TOKENS,
            pad_token_id=policy.tokenizer.pad_token_id,
        )
        return int(made[:, whole.shape[1] :].numel())

    speeds: dict[str, list[float]] = {"relate": [], "transformers bf16": []}
    for run in range(RUNS + 1):
        for name, work in (("relate", ours), ("transformers bf16", theirs)):
            begun = time.perf_counter()
            tokens = work()
            if run:  # the first of each warms up
                speeds[name].append(tokens / (time.perf_counter() - begun))
    ratios = [a / b for a, b in zip(*speeds.values(), strict=True)]
    print(
        json.dumps(
            {
                "prompt_tokens": whole.shape[1],
                "tokens": CANDIDATES * TOKENS,
                "threads": torch.get_num_threads(),
                **{f"{name} tokens/s (median)": round(statistics.median(v), 1) for name, v in speeds.items()},
                "ratio (median)": round(statistics.median(ratios), 2),
                "ratios": [round(r, 2) for r in ratios],
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
