"""What every game of the registry promises, but one: the last `spec.context` frames and the actions
determine what comes next, so an engine that has seen them need not guess.

Play finds no proof, but many chances to be wrong; the proofs that there are stand in the games' own
tests. A new game is tried with its defaults.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from determined import contradictions, much_play

from data_gen.registry import GAMES, make_game

HIDDEN = {"keydoor"}  # its pocket, by design: see test_keydoor_memory.py
OPTIONS: dict[str, list[dict[str, Any]]] = {  # instead of the defaults
    "pong": [  # paddles that stand in few places
        {},
        {"paddle_height": 4, "paddle_speed": 3},
        {"paddle_speed": 3, "ball_speed": 2},
        {"paddle_height": 15, "paddle_speed": 4, "ball_speed": 2},
    ],
    "breakout": [{"brick_rows": 1}, {"ball_speed": 2, "brick_rows": 1}],  # walls that come again
    "garden": [{"size": (12, 12), "density": 0.0}],  # a small board comes again
    "snake": [
        {},
        {"size": (12, 12), "start_length": [2, 4], "walls": [True, False]},
        {"size": (4, 4), "cell": 1, "walls": [True, False]},
    ],
    "flappy": [{}, {"pipe_speed": 2, "spacing": [13, 32]}, {"gravity": [1, 2], "flap": [2, 3]}],
}
MISSED = {2: 1000, 3: 10}  # contradictions at least, by context, if a frame less is looked at
CASES = [(name, options) for name in GAMES for options in OPTIONS.get(name, [{}])]


@pytest.mark.parametrize(("name", "options"), CASES, ids=[f"{n}-{o}" for n, o in CASES])
def test_frames_and_actions_determine_what_comes_next(name: str, options: dict[str, Any]) -> None:
    game = make_game(name, **options)
    context, played = game.spec.context, much_play(game)
    again, other = contradictions(played, context)
    print(f"{name} {options}: {again} of {played.event.size} ticks came again")
    assert again > 10_000, "too little came again to tell: name better options in OPTIONS"
    assert (other > 1000) if name in HIDDEN else (other == 0)
    # Were there contradictions, they would be found: as they are if less is looked at.
    if context > 1:
        assert contradictions(played, context - 1)[1] > MISSED[context]
    if len(game.spec.actions) > 1:
        blind = replace(played, actions=np.zeros_like(played.actions))
        assert contradictions(blind, context)[1] > 1000
