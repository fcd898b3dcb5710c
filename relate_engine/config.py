"""Settings, read once at the edge from `RELATE_*` and passed inward as plain values.

`RELATE_HOME` holds everything the program writes (database, logs, trained versions), `RELATE_CACHE`
the downloaded weights. Nothing inside the engine reads the environment.
"""

from functools import lru_cache
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent
ASSETS = ROOT / "assets"
WRITER = ASSETS / "adapters" / "writer"  # the shipped adapter


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="RELATE_", frozen=True, extra="ignore")

    home: Path = Field(default=Path.home() / ".local/share/relate", description="all that is written")
    cache: Path = Field(default=Path.home() / ".cache/relate", description="downloaded base weights")
    database_url: str = Field(default="", description="empty: SQLite in home")
    base_model: str = Field(default="smollm2", description="smollm2, a folder, or a hub id")
    adapter: Path = Field(default=WRITER, description="the policy's LoRA adapter")
    policy_url: str = Field(default="", description="an OpenAI-compatible server that writes in place of the base")
    policy_model: str = Field(default="", description="its model; empty: the only one it serves")
    policy_key: SecretStr = Field(default=SecretStr(""), description="its key, if it asks for one")
    policy_examples: bool = Field(default=False, description="its model was not trained here: show it worked examples")
    threads: int = Field(default=0, description="torch threads; 0: torch chooses")
    oversample: int = Field(default=6, ge=1, le=16, description="texts sampled for each one shown, 32 a slot at least")
    temperature: float = Field(default=0.8, gt=0, le=2)
    interval_level: float = Field(default=0.8, gt=0.5, lt=1)
    base_ctr: dict[str, float] = Field(default={}, description="base CTR by placement, if you know yours")
    base_cvr: dict[str, float] = Field(default={}, description="base CVR by placement, if you know yours")
    session_hours: float = Field(default=12, gt=0, le=168, description="a sign-in ends after so long without a click")
    conversion_lag_days: int = Field(default=7, ge=0, le=90, description="how long conversions take to arrive")

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.home / 'relate.db'}"


@lru_cache
def settings() -> Settings:
    """The settings of this process. Called only by the edge: cli, desks, worker, services' set-up."""
    return Settings()
