"""Files that hold a learned game: everything needed to play it, and nothing that runs code."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from data_gen.atomic import whole_file
from data_gen.command_line import this_python
from data_gen.errors import UserError
from data_gen.game import GameSpec
from gameengine.engine import Engine
from gameengine.engines import engine_name, make_engine

FORMAT = 1  # raised when other releases could not read a file any more


@dataclass(frozen=True)
class Checkpoint:
    """A loaded file. made: how it came about (command, steps, seconds), for the record."""

    engine: Engine
    made: Mapping[str, Any] = field(default_factory=dict)


def describe_engine(engine: Engine, made: Mapping[str, Any]) -> dict[str, Any]:
    """All but the weights: plain values, that the loader turns into an engine again."""
    return {
        "format": FORMAT,
        "engine": engine_name(engine),
        "options": dict(engine.options),
        "spec": engine.spec.to_dict(),
        "made": dict(made),
    }


def save_engine(path: Path, engine: Engine, made: Mapping[str, Any]) -> None:
    """Write a learned game to `path`, whole or not at all."""
    weights = {name: value.detach().cpu() for name, value in engine.state_dict().items()}
    content = io.BytesIO()  # torch.save tells of a full disk as it tells of a bug
    torch.save({"gameengine": describe_engine(engine, made), "weights": weights}, content)
    with whole_file(path) as temporary:
        temporary.write_bytes(content.getvalue())


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a learned game: a file of `save_engine`, or a run's last.ckpt.

    Raises UserError when the file is missing, damaged, foreign, or of a newer program.
    """
    saved = _read(path)
    about = saved.get("gameengine") if isinstance(saved, dict) else None
    if not isinstance(about, dict):
        raise UserError(f"{path} is no checkpoint of this program; give one that a run wrote")
    if about.get("format") != FORMAT:
        raise UserError(
            f"{path} has format {about.get('format')!r}, this program reads {FORMAT}:"
            " it was made by another release of gameengine"
        )
    try:
        spec = GameSpec.from_dict(about["spec"])
        engine = make_engine(about["engine"], spec, **about["options"])
        engine.load_state_dict(_weights(saved))
    except (AttributeError, KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())  # torch tells of each weight on a line of its own
        raise UserError(
            f"{path} cannot be used; if an older release made it, train it again: {reason:.300}"
        ) from error
    return Checkpoint(engine.eval(), about.get("made", {}))


def _weights(saved: dict[str, Any]) -> dict[str, Any]:
    if "weights" in saved:
        return saved["weights"]
    prefix = "engine."  # a run's own checkpoint: the engine is a part of the Learner
    return {
        name.removeprefix(prefix): value
        for name, value in saved["state_dict"].items()
        if name.startswith(prefix)
    }


def _read(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise UserError(
            f"there is no file {path}; train one with '{this_python()} experiments/run.py'"
        ) from None
    except IsADirectoryError:
        raise UserError(f"{path} is a folder; give the .ckpt file in it") from None
    except pickle.UnpicklingError:
        raise UserError(
            f"{path} holds more than plain data, so it is not loaded: it could run code"
        ) from None
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"{path} is damaged or no checkpoint ({reason})") from None
