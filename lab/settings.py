"""One typed place for the environment and its defaults. Nothing else in the lab reads `os.environ`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_OAUTH = ("OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET", "OAUTH_SCOPES", "OPENID_PROVIDER_URL")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the environment decides."""

    home: Path
    """LAB_HOME: the data folder, on a local disk."""
    model: str
    """LAB_MODEL: "organism", a local folder, or a Hub id (with `@revision`)."""
    device: str
    """LAB_DEVICE: "cpu", "cuda", "mps", or "auto" for the best of them."""
    public: bool
    """LAB_PUBLIC: whether strangers look on; then only the owner starts, stops, edits and deletes."""
    space: str | None
    """SPACE_ID: the Hugging Face Space that this is; None elsewhere."""

    models: frozenset[str] = frozenset(("organism",))
    """LAB_MODELS, separated by commas, beside LAB_MODEL and the organism: what a public lab loads, and nothing else."""
    owner_token: str | None = field(default=None, repr=False)
    """LAB_OWNER_TOKEN: the secret by which the owner of a public lab is known; None when there is none."""
    judge_key: str | None = field(default=None, repr=False)
    """LAB_JUDGE_KEY: the secret that a judge's endpoint asks for; None when there is none."""
    owner_name: str | None = None
    """SPACE_AUTHOR_NAME: whose Space this is, known by logging in with the Hub; None elsewhere."""
    oauth: bool = False
    """Whether the Hub offers logging in here: by SYSTEM and four variables that it sets where a card says `hf_oauth`.

    Gradio looks at the same ones. Elsewhere its login is a stand-in that lets anybody in, so there is none.
    """
    hosts: frozenset[str] = frozenset()
    """SPACE_HOST and LAB_HOSTS, separated by commas: the names by which this lab is reached, beside localhost."""

    @staticmethod
    def from_environment(environment: Mapping[str, str] | None = None) -> Settings:
        """Read the environment; every variable has a default that works offline."""
        env = os.environ if environment is None else environment
        return Settings(
            home=Path(env.get("LAB_HOME") or "lab_home").expanduser(),
            model=env.get("LAB_MODEL") or "organism",
            device=env.get("LAB_DEVICE") or "auto",
            public=env.get("LAB_PUBLIC", "") not in ("", "0", "false"),
            space=env.get("SPACE_ID") or None,
            models=frozenset(
                {"organism", env.get("LAB_MODEL") or "organism"}
                | {name.strip() for name in env.get("LAB_MODELS", "").split(",") if name.strip()}
            ),
            owner_token=env.get("LAB_OWNER_TOKEN") or None,
            judge_key=env.get("LAB_JUDGE_KEY") or None,
            owner_name=(env.get("SPACE_AUTHOR_NAME") or None) if env.get("SPACE_ID") else None,
            oauth=bool(env.get("SPACE_ID") and env.get("SYSTEM") == "spaces" and all(map(env.get, _OAUTH))),
            hosts=frozenset(filter(None, (
                name.strip().lower() for given in ("SPACE_HOST", "LAB_HOSTS") for name in env.get(given, "").split(",")
            ))),
        )


def app_environment(home: Path, port: int) -> dict[str, str]:
    """The environment for an app of its own over a data folder: this process's, less what would make it another."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LAB_", "GRADIO_", "SPACE_"))}
    return {**kept, "LAB_HOME": str(home), "GRADIO_SERVER_PORT": str(port), "PYTHONUNBUFFERED": "1"}


def quiet_environment() -> None:
    """Switch off every library's telemetry; called before any of them is imported.

    Gradio's own monitoring too, which no page of ours shows: after each event it sums up the last 10,000, 2 to 6 ms of
    processor time, whether or not anybody may look at it.
    """
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", str(2**62))  # events between two sums
    os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
