"""An engine that has learned a game, as the engine of a variant of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from data_gen.command_line import chosen_game
from data_gen.errors import UserError
from data_gen.game import GameSpec
from gameengine.checkpoint import load_checkpoint
from gameengine.engine import Engine
from gameengine.engines import engine_name, make_engine
from gameengine.engines.cell import CellEngine
from gameengine.engines.hyper import HyperEngine


def load_engine(path: Path, options: Mapping[str, Any]) -> Engine:
    """The engine in a checkpoint. options: of its game, that are other ones than in training.
    Raises UserError if the file cannot be used, and for variants that it has no room for."""
    engine = load_checkpoint(path).engine
    if not options:
        return engine
    spec = engine.spec
    variant = chosen_game(spec.name, {**spec.options, **options})
    try:
        return for_spec(engine, variant.spec)
    except ValueError as error:
        raise UserError(f"{path} cannot play this variant: {error}") from error


def for_spec(engine: Engine, spec: GameSpec, **changed: Any) -> Engine:
    """The engine, with its weights, for a game of `spec`, of which it sees as many frames as it was
    made for. changed: options of the engine that are other ones. Raises ValueError for a game of
    another shape."""
    check_fits(engine, spec)
    seen = replace(spec, context=engine.spec.context)
    made = make_engine(engine_name(engine), seen, **{**engine.options, **changed})
    made.load_state_dict(engine.state_dict())
    return made.eval()


def check_fits(engine: Engine, spec: GameSpec) -> None:
    """Raises ValueError for a game that the engine has no room for."""
    inner = engine.base if isinstance(engine, HyperEngine) else engine
    check_same_shape(engine.spec, spec, any_size=isinstance(inner, CellEngine))


def check_same_shape(own: GameSpec, spec: GameSpec, any_size: bool = False) -> None:
    """Raises ValueError unless an engine of the game `own` can be one of the game `spec`. any_size:
    of the frames."""
    for what, mine, asked in (
        ("frame shape", own.shape, spec.shape),
        ("number of colours", len(own.colours), len(spec.colours)),
        ("number of actions", len(own.actions), len(spec.actions)),
        ("number of players", len(own.players), len(spec.players)),
        ("description", own.description, spec.description),
    ):
        if mine != asked and not (any_size and what == "frame shape"):
            raise ValueError(
                f"an engine of {own.name} with {what} {mine} cannot be one of {spec.name} with"
                f" {asked}"
            )
