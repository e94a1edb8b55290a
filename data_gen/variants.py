"""A game with many variants, as the game of one of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_gen.game import AnyGame, GameSpec
from data_gen.games.lifelike import rule_name
from data_gen.registry import make_game

_SEEDS = 1024  # of beginnings, which differ where no option decides: the first angle of Pong's ball


def variant(spec: GameSpec, description: NDArray[np.float32]) -> AnyGame:
    """The game of `spec` in which every item plays the variant that `description` (D,) tells.

    The options that draw from several values are those that the description names. Raises
    ValueError if there is no such variant.
    """
    options: dict[str, Any] = dict(spec.options)
    if spec.name == "lifelike":
        options["rules"] = [rule_name(description)]
    for name, value in zip(spec.description, description.tolist(), strict=True):
        if (key := name.replace(" ", "_")) in options:
            options[key] = round(value)
    game = make_game(spec.name, **options)
    begun = game.init(np.arange(_SEEDS, dtype=np.uint64)).description
    if not (begun == description).all(1).any():
        told = ", ".join(f"{n} {v:g}" for n, v in zip(spec.description, description, strict=True))
        raise ValueError(f"{spec.name} has no variant with {told}")
    return game
