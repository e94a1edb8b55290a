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
    if spec.name == "life":
        options["rule"] = rule_name(description)
    if spec.name == "arcade":
        options |= _played(spec, description)
    for name, value in zip(spec.description, description.tolist(), strict=True):
        if (key := name.replace(" ", "_")) in options:
            kind = type(np.ravel(options[key]).tolist()[0])  # bool or int
            options[key] = kind(round(value))
    game = make_game(spec.name, **options)
    begun = game.init(np.arange(_SEEDS, dtype=np.uint64)).description
    if not (begun == description).all(1).any():
        told = ", ".join(f"{n} {v:g}" for n, v in zip(spec.description, description, strict=True))
        raise ValueError(f"{spec.name} has no variant with {told}")
    return game


def _played(spec: GameSpec, description: NDArray[np.float32]) -> dict[str, Any]:
    """The game that an arcade plays, and its options, as the description tells. Raises ValueError
    if it tells of no game."""
    games, size = spec.options["games"], spec.options["size"]
    told = [name for name, value in zip(games, description, strict=False) if value == 1]
    if len(told) != 1:
        raise ValueError(f"a description tells of one game of an arcade, not of {len(told)}")
    (name,) = told
    chosen = spec.options["options"]
    played = make_game(name, size=size, **chosen.get(name, {})).spec
    own = [entry.startswith(f"{name} ") for entry in spec.description]
    options = variant(played, description[own]).spec.options
    its = {key: value for key, value in options.items() if key != "size"}
    return {"game": name, "options": {**chosen, name: its}}
