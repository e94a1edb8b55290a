"""The games there are. A new game is one file and one line here.

Modules are named, not imported: a game is loaded when it is asked for, so `--help` stays fast.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from data_gen.game import AnyGame, GameSpec

GAMES: dict[str, str] = {  # name -> module:class
    "pong": "data_gen.pong:Pong",
    "life": "data_gen.life:Life",
}


def make_game(name: str, **options: Any) -> AnyGame:
    """The game `name` with its options. Raises ValueError for an unknown name or bad options."""
    module, class_name = _place(name)
    try:
        return getattr(import_module(module), class_name)(**options)
    except TypeError as error:
        raise ValueError(f"{name}: {error}") from None


def game_of(spec: GameSpec) -> AnyGame:
    """The true game that `spec` describes.

    Raises ValueError if this program's version of the game is another one than the spec's.
    """
    game = make_game(spec.name, **spec.options)
    if game.spec.version != spec.version:
        raise ValueError(
            f"made with {spec.name} version {spec.version}, but this program has version"
            f" {game.spec.version}; use the release that made it, or make it again"
        )
    return game


def expert_of(spec: GameSpec) -> Callable[..., Any]:
    """The scripted expert (frames, aim) -> actions in the game's module; games that have none get
    one that always chooses action 0."""
    module, _ = _place(spec.name)
    return getattr(import_module(module), "expert", _idle_expert)


def _idle_expert(frames: Any, aim: Any) -> Any:
    return np.zeros(aim.shape, np.int64)


def _place(name: str) -> tuple[str, str]:
    if name not in GAMES:
        raise ValueError(f"unknown game {name!r}; choose from {', '.join(sorted(GAMES))}")
    module, class_name = GAMES[name].split(":")
    return module, class_name
