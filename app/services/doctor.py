"""`relate doctor`: what this installation is made of, and what is wrong with its remedy.

The shipped parts are looked at, and in every workspace the versions in use there: writer, writer on trial, reward
model. Leaves out versions that are not in use.
"""

import importlib.metadata
import json
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

from app.services import learning, presence, versions
from db.session import Database
from relate_engine.config import ASSETS, Settings


@dataclass(frozen=True)
class Item:
    """One line of the examination; `remedy` is empty where all is well."""

    name: str
    value: str
    remedy: str = ""


def examine(config: Settings) -> Iterator[Item]:
    """Every part in turn; never raises for a part that is wrong."""
    yield _versions()
    yield _device(config)
    yield from _writer(config)
    yield _encoder(config)
    yield _assets()
    yield _acceptance()
    yield _base_rates(config)
    yield from _database(config)
    yield _disk(config)


def _versions() -> Item:
    names = ("torch", "transformers", "trl", "peft", "bitsandbytes", "streamlit", "SQLAlchemy")
    found = ", ".join(f"{n} {importlib.metadata.version(n)}" for n in names)
    kernels = any(d.metadata["Name"] == "kernels" for d in importlib.metadata.distributions())
    return Item(
        "versions",
        f"relate {importlib.metadata.version('relate-studio')}, Python {platform.python_version()}, {found}",
        "uninstall the package 'kernels': it fetches code from a hub at run time" if kernels else "",
    )


def _device(config: Settings) -> Item:
    import torch

    if config.policy_url:
        return Item("device", f"{platform.machine()}; serving path: remote, see writer")
    if torch.cuda.is_available():
        return Item("device", f"{torch.cuda.get_device_name(0)}; serving path: NF4")
    threads = config.threads or torch.get_num_threads()
    engine = torch.backends.quantized.engine
    value = f"CPU, {threads} threads ({platform.machine()}); serving path: int8 copy of NF4 ({engine})"
    return Item("device", value, "" if engine != "none" else "this torch has no int8 engine; use an x86 or ARM build")


def _writer(config: Settings) -> Iterator[Item]:
    from relate_engine.brief import BriefError
    from relate_engine.policy.model import UNTRAINED
    from relate_engine.policy.weights import WeightsError, base_checksum, damage, policy_folder, remedy, sha256

    if config.policy_url:
        yield _remote(config)
    try:
        folder = policy_folder(config.base_model, config.cache)
    except (WeightsError, BriefError) as error:
        yield Item("base", config.base_model, str(error))
        return
    checksum = base_checksum(folder)
    damaged = damage(folder)
    yield Item(
        "base",
        f"{config.base_model} in {folder} ({checksum[:12]})",
        f"damaged ({damaged}): {remedy(folder)}" if damaged else "",
    )
    manifest_path = config.adapter / "manifest.json"
    if not manifest_path.exists():
        yield Item("adapter", f"none in {config.adapter}", UNTRAINED)
        return
    try:
        manifest = json.loads(manifest_path.read_text("utf-8"))
        whole = sha256(config.adapter / "adapter_model.safetensors") == manifest["sha256"]
        matches, version = manifest["base_sha256"] == checksum, manifest["version"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        yield Item("adapter", str(config.adapter), f"cannot be read ({error}); {UNTRAINED}")
        return
    wrong = "" if whole else "the file is damaged (checksum differs); restore it or run `relate train sft`"
    if whole and not matches:
        wrong = "it waits for the base to be mended" if damaged else f"it was trained on another base; {UNTRAINED}"
    yield Item("adapter", f"{version} in {config.adapter}", wrong)


def _remote(config: Settings) -> Item:
    """The server that writes in place of the base; it is asked for one token."""
    from relate_engine.draft import load_remote
    from relate_engine.policy.remote import RemoteError

    key = config.policy_key.get_secret_value()
    try:
        writer = load_remote(config.policy_url, config.policy_model, key, config.policy_examples, ASSETS)
    except RemoteError as error:
        return Item("writer", "remote, by RELATE_POLICY_URL", str(error))
    return Item("writer", writer.path)


def _encoder(config: Settings) -> Item:
    from relate_engine.policy.weights import ENCODER, WeightsError, encoder_folder, sha256

    try:
        folder = encoder_folder(config.cache)
    except WeightsError as error:
        return Item("encoder", ENCODER.name, str(error))
    member = folder / ENCODER.member
    whole = member.is_file() and sha256(member) == ENCODER.sha256
    return Item(
        "encoder", f"{ENCODER.name} in {folder}", "" if whole else f"damaged: delete {folder} and run `relate setup`"
    )


def _assets() -> Item:
    from relate_engine.policy.weights import sha256
    from relate_engine.rewards.ctrhead import Head
    from relate_engine.rewards.rules import load_rules

    try:
        rules, head = load_rules(ASSETS / "rules"), Head.load(ASSETS / "heads" / "ctr")
    except (OSError, ValueError, KeyError) as error:
        return Item("rewards", str(ASSETS), f"{error}; restore the assets folder")
    try:
        pinned = json.loads((ASSETS / "heads" / "compliance" / "manifest.json").read_text("utf-8"))["files"]
        wrong = [n for n, digest in pinned.items() if sha256(ASSETS / "heads" / "compliance" / n) != digest]
    except (OSError, ValueError, KeyError) as error:
        wrong = [str(error)]
    remedy = f"compliance classifier damaged ({wrong[0]}): run `relate train compliance`" if wrong else ""
    return Item("rewards", f"CTR head {head.version}, rules {rules.version}, compliance classifier", remedy)


def _acceptance() -> Item:
    """The fit is named by the hash of its own numbers, so a changed one is known by its name."""
    from relate_engine.policy.acceptance import SIGNALS
    from relate_engine.training.acceptance import version_of

    folder = ASSETS / "heads" / "acceptance"
    mend = f"restore {folder} or run `relate train acceptance`"
    try:
        fitted = json.loads((folder / "acceptance.json").read_text("utf-8"))
        version, whole, fits = fitted["version"], version_of(fitted), list(SIGNALS) == fitted["signals"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        return Item("acceptance", str(folder), f"cannot be read ({error}): {mend}")
    wrong = f"damaged (checksum differs): {mend}" if version != whole else ""
    if not wrong and not fits:
        wrong = "it reads other signals of a text than this version of the program: run `relate train acceptance`"
    return Item("acceptance", version, wrong)


def _base_rates(config: Settings) -> Item:
    """The pages say where rates come from and whom to ask; here stands what to set."""
    named = (("CTR", config.base_ctr), ("CVR", config.base_cvr))
    own = [f"{name} {rate:.2%} of {placement}" for name, rates in named for placement, rate in rates.items()]
    how = """; set yours as in RELATE_BASE_CTR='{"google_rsa": 0.05}' and RELATE_BASE_CVR"""
    return Item("base rates", f"{', '.join(own) or 'assumed'}{'' if own else how}")


def _database(config: Settings) -> Iterator[Item]:
    from db.jobs import waiting
    from db.session import StorageError, open_database

    try:
        database = open_database(config.database)
        with database.read() as session:
            jobs = waiting(session)
    except StorageError as error:
        yield Item("database", config.database, str(error))
        return
    yield Item("database", config.database)
    yield _worker(config, jobs)
    try:
        yield from _in_use(config, database)
    except StorageError as error:
        yield Item("versions in use", config.database, str(error))


def _in_use(config: Settings, database: Database) -> Iterator[Item]:
    """The versions that workspaces have put in use; the shipped writer and the priors are looked at elsewhere."""
    from db import versions as rows
    from db.audit import workspaces

    with database.read() as session:
        found = []
        for number, name in workspaces(session):
            writer, model = (rows.active(session, number, kind) for kind in (versions.KIND, learning.KIND))
            trial = rows.trial(session, number)
            found.append((number, name, writer and writer.version, trial and trial.to_version, model and model.version))
    for number, name, promoted, tried, learned in found:
        if not config.policy_url:  # else a server writes, whatever is in use
            for version, what in ((promoted, "writer in use"), (tried, "writer on trial")):
                if version:
                    yield _promoted(config, number, name, version, what)
        if learned:
            yield _learned(config, number, name, learned)


def _promoted(config: Settings, number: int, workspace: str, version: str, what: str) -> Item:
    from relate_engine.brief import BriefError
    from relate_engine.policy.weights import WeightsError

    try:
        versions.check(config, number, version)
    except (WeightsError, BriefError, OSError) as error:
        way = "Roll back" if what == "writer in use" else "End the trial"
        return Item(what, f"{version} of {workspace}", f"{error} {way} on the page Decide.")
    return Item(what, f"{version} of {workspace} in {versions.policy_folder_of(config, number, version)}")


def _learned(config: Settings, number: int, workspace: str, version: str) -> Item:
    from relate_engine.policy.weights import WeightsError
    from relate_engine.rewards.ctrhead import Head
    from relate_engine.rewards.learned import RewardModel

    folder = learning.rewards_folder(config, number) / version
    try:
        loaded = RewardModel.load(folder, Head.load(ASSETS / "heads" / "ctr").version).version
    except (WeightsError, OSError) as error:
        undo = "Or undo it on the Results desk."
        return Item("reward model", f"{version} of {workspace}", f"{error} {undo}")
    wrong = f"{folder} holds another version, {loaded}: restore it or run `relate train rewards`"
    return Item("reward model", f"{version} of {workspace} in {folder}", wrong if loaded != version else "")


def _worker(config: Settings, jobs: int) -> Item:
    seen = presence.age(config, "worker")
    if presence.alive(config, "worker"):
        return Item("worker", f"alive, last heard of {seen:.0f} s ago; jobs waiting: {jobs}")
    last = f"last heard of {seen / 60:.0f} min ago" if seen is not None else "none has been here"
    remedy = f"jobs waiting for one: {jobs}; open the studio or run `relate worker`" if jobs else ""
    return Item("worker", f"not running ({last}); it starts with the studio", remedy)


def _disk(config: Settings) -> Item:
    there = next(p for p in (config.home, *config.home.parents) if p.exists())
    free = shutil.disk_usage(there).free / 1e9
    return Item(
        "disk", f"{free:.1f} GB free at {there}", "free some space; saving needs at least 0.2 GB" if free < 0.2 else ""
    )
