"""A game with many variants, as the game of one of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_gen.game import AnyGame, GameSpec
from data_gen.games.automaton import RULE_BITS
from data_gen.games.lifelike import rule_name
from data_gen.registry import make_game


def variant(spec: GameSpec, description: NDArray[np.float32]) -> AnyGame:
    """The game of `spec` in which every item plays the variant that `description` (D,) tells.

    The options that draw from several values are those that the description names. Raises
    ValueError if there is no such variant.
    """
    options: dict[str, Any] = dict(spec.options)
    keys = [name.replace(" ", "_") for name in spec.description]
    if spec.description == RULE_BITS:
        options |= {"rules": [rule_name(description)]} if "rules" in options else {}
        named = [True] * len(keys)
    else:
        named = [key in options for key in keys]
        values = zip(keys, description.tolist(), strict=True)
        options |= {key: round(value) for key, value in values if key in options}
    game = make_game(spec.name, **options)
    begun = game.init(np.zeros(1, np.uint64)).description[0]
    if not np.array_equal(begun[named], description[named]):
        told = ", ".join(f"{n} {v:g}" for n, v in zip(spec.description, description, strict=True))
        raise ValueError(f"{spec.name} has no variant with {told}")
    return game
