"""Whether this home folder is the demo's: then every page says so, and what is learned in it counts as simulated."""

from pathlib import Path

from relate_engine.config import Settings

FOLDER = "demo"  # of the real home
MARK = "demo.json"  # in the demo's home
BADGE = "Demo: simulated data"


def is_demo(config: Settings) -> bool:
    return (config.home / MARK).is_file()


def demo_settings(config: Settings) -> Settings:
    """The settings of the demo: a home and a database of its own, everything else as it is."""
    return config.model_copy(update={"home": demo_home(config), "database_url": ""})


def demo_home(config: Settings) -> Path:
    """Where the demo lies; asked from inside the demo it is the same."""
    return config.home if is_demo(config) else config.home / FOLDER
