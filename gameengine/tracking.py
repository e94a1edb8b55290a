"""W&B, without ever waiting for it or failing because of it."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pytorch_lightning.loggers import WandbLogger

SECONDS_TO_WAIT = 8.0
log = logging.getLogger(__name__)


def make_wandb_logger(
    folder: Path,
    project: str,
    name: str,
    config: Mapping[str, Any],
    mode: Literal["auto", "offline", "off"] = "auto",
) -> WandbLogger | None:
    """A logger that writes to `folder`/wandb. mode "auto": to the server if there is a key and the
    server answers within 8 seconds, else offline. Returns None for "off", or if W&B fails."""
    if mode == "off":
        return None
    import wandb

    os.environ.setdefault("WANDB_SILENT", "true")
    folder.mkdir(parents=True, exist_ok=True)
    modes = ["online", "offline"] if mode == "auto" and _has_key() else ["offline"]
    for attempt in modes:
        try:
            run = wandb.init(
                project=project,
                name=name,
                dir=str(folder),
                config=dict(config),
                mode="online" if attempt == "online" else "offline",
                settings=wandb.Settings(init_timeout=SECONDS_TO_WAIT, console="off"),
            )
            return WandbLogger(experiment=run)
        except Exception as error:  # whatever W&B's client raises: tracking never costs a run
            wandb.teardown()
            log.warning("W&B %s: %s", attempt, str(error).splitlines()[0] if str(error) else error)
    return None


def _has_key() -> bool:
    import wandb

    return bool(os.environ.get("WANDB_API_KEY") or wandb.api.api_key)
