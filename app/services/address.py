"""Where the page server listens, and whether it may: without a sign-in only on this computer's own address.

Reads what Streamlit would read, in its order: the user's config.toml, the project's, the environment, the command.
Leaves out the sign-in itself.
"""

import os
import tomllib
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from relate_engine.config import ROOT

OWN = "127.0.0.1"
HOW = "To let others in, set up the sign-in: put an [auth] section into .streamlit/secrets.toml (see docs/sign-in.md)."


def loopback(address: str | None) -> bool:
    """Whether only this computer reaches the address; none at all means every network."""
    if not address:
        return False
    if address.lower() == "localhost":
        return True
    try:
        return ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False


def address_of(given: str | None, home: Path | None = None, project: Path = ROOT) -> str:
    """The address to listen on: the one given, else the environment's, else the files', else this computer's own."""
    if given or (given := os.environ.get("STREAMLIT_SERVER_ADDRESS")):
        return given
    found = OWN
    for folder in (home or Path.home(), project):
        server = _toml(folder / ".streamlit" / "config.toml").get("server", {})
        found = str(server.get("address") or found)
    return found


def sign_in_configured(home: Path | None = None, project: Path = ROOT) -> bool:
    """Whether one of the secrets files has an [auth] section."""
    if named := os.environ.get("STREAMLIT_SECRETS_FILES"):
        files = [Path(name) for name in named.split()]
    else:
        files = [folder / ".streamlit" / "secrets.toml" for folder in (home or Path.home(), project)]
    return any(_toml(file).get("auth") for file in files)


def refusal(address: str, configured: bool) -> str:
    """Why the studio must not listen there, in a sentence; empty if it may."""
    if configured or loopback(address):
        return ""
    return f"Without a sign-in the studio only listens on this computer ({OWN}), not on {address}. {HOW}"


def _toml(file: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"{file} cannot be read ({error}); mend or move it.") from None
