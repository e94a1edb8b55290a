"""The games there are. A new game is one file and one line here.

Modules are named, not imported: a game is loaded when it is asked for, so `--help` stays fast.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from data_gen.game import AnyGame, GameSpec
from data_gen.patience import told_if_slow

GAMES: dict[str, str] = {  # name -> module:what makes it
    "pong": "data_gen.games.pong:pong",
    "life": "data_gen.games.life:life",
    "lifelike": "data_gen.games.lifelike:lifelike",
    "breakout": "data_gen.games.breakout:breakout",
    "snake": "data_gen.games.snake:snake",
    "catch": "data_gen.games.catch:catch",
    "flappy": "data_gen.games.flappy:flappy",
    "keydoor": "data_gen.games.keydoor:keydoor",
    "garden": "data_gen.games.garden:garden",
    "arcade": "data_gen.games.arcade:arcade",
}


def make_game(name: str, **options: Any) -> AnyGame:
    """The game `name` with its options. Raises ValueError for an unknown name or bad options."""
    module, maker = _place(name)
    with told_if_slow(f"compiling {name}, which takes some seconds the first time"):
        loaded = import_module(module)
    try:
        return getattr(loaded, maker)(**options)
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


def played_by(spec: GameSpec) -> str:
    """The game whose rules and expert those of `spec` are: in an arcade the one that is played."""
    return spec.options["game"] if spec.name == "arcade" else spec.name


def expert_of(spec: GameSpec) -> Callable[..., Any]:
    """The scripted expert in the game's module, a kernel of the signature EXPERT; games that have
    none, or are not in the registry, get one that always chooses action 0."""
    from data_gen.scripted import idle

    if spec.name not in GAMES:
        return idle
    module, _ = _place(played_by(spec))
    return getattr(import_module(module), "expert", idle)


def _place(name: str) -> tuple[str, str]:
    if name not in GAMES:
        raise ValueError(f"unknown game {name!r}; choose from {', '.join(sorted(GAMES))}")
    module, maker = GAMES[name].split(":")
    return module, maker
