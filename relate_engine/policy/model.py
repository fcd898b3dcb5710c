"""The policy's weights in memory: the NF4 base with its LoRA adapter, on any device.

Training and GPU serving use this model itself; CPU serving uses the int8 copy made of it
(policy/int8.py). An adapter is only put on the base it was trained on: its manifest pins the checksum.
Leaves out: fetching (weights.py), decoding (decode.py).
"""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from bitsandbytes.nn import Linear4bit
from peft import PeftModel
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig

from relate_engine.policy.adapter import checked_manifest, knows_points
from relate_engine.policy.weights import WeightsError, remedy


def device() -> torch.device:
    """The GPU where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def training_dtype() -> torch.dtype:
    """bfloat16 where the device multiplies it natively; where a CPU only emulates it, float32 is far faster."""
    native = torch.cuda.is_available() or torch.cpu._is_avx512_bf16_supported()
    return torch.bfloat16 if native else torch.float32


def load_tokenizer(folder: str) -> Any:
    """The base's tokenizer. Raises WeightsError if the folder does not hold one."""
    try:
        return AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise WeightsError(f"No tokenizer in {folder} ({error}); {remedy(folder)}.") from error


def load_nf4(folder: str, compute: torch.dtype = torch.float32) -> Any:
    """The base in 4-bit NF4 with double quantisation (bitsandbytes); `compute` = dtype of the matrix products."""
    quantisation = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=compute,
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = AutoModelForCausalLM.from_pretrained(
                folder,
                dtype=compute,
                quantization_config=quantisation,
                device_map={"": device()},
                trust_remote_code=False,
                use_safetensors=True,
            )
    except MemoryError as error:
        raise WeightsError(
            "Not enough memory for the base model; close other programs (about 1 GB is needed)."
        ) from error
    except (OSError, ValueError, SafetensorError) as error:
        raise WeightsError(f"The base model in {folder} does not load ({error}); {remedy(folder)}.") from error
    for layer in model.modules():
        if isinstance(layer, Linear4bit):
            # On CPUs with avx512_bf16 the first forward in evaluation would pack the layer for good, and a packed
            # layer passes no gradient on: training after any evaluation would be wrong, with no error.
            layer.support_avx512bf16_for_cpu = False
    return model


@dataclass(frozen=True)
class AdapterState:
    """Which adapter is on, or in words why none is. `version` names the policy everywhere."""

    version: str
    trained: bool
    problem: str = ""
    points: bool = False  # it has learned to be asked about a point of the brief (points.py)


UNTRAINED = "untrained writer: run `relate train sft`"


def put_adapter(model: Any, adapter: Path, base_folder: str, trainable: bool = False) -> tuple[Any, AdapterState]:
    """`model` with the adapter on (`trainable`: to be trained further), or unchanged with the reason in words.

    A missing, damaged or foreign adapter never stops the studio: it starts as the untrained writer and says so.
    """

    def without(reason: str) -> tuple[Any, AdapterState]:
        return model, AdapterState("untrained", False, f"{reason}; {UNTRAINED}")

    try:
        version = checked_manifest(adapter, base_folder)["version"]
    except WeightsError as error:
        return without(str(error))
    try:
        put = PeftModel.from_pretrained(model, str(adapter), is_trainable=trainable)
        return put, AdapterState(version, True, points=knows_points(adapter))
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, SafetensorError) as error:
        return without(f"adapter {version} does not load ({error})")
