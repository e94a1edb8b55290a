"""The contract of games: every game of the registry keeps it. That the contract is really checked
is shown in test_check.py."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from data_gen.check import check_game
from data_gen.game import GameSpec, replace_items, select
from data_gen.randomness import training_seeds
from data_gen.registry import GAMES, expert_of, game_of, make_game

VARIANTS: dict[str, list[dict[str, Any]]] = {  # beside the defaults of every game
    "pong": [
        {"size": (32, 64)},
        {"size": (96, 64)},
        {"paddle_height": [5, 7, 9], "paddle_speed": [1, 4], "ball_speed": [1, 2, 3]},
        {"serve_angles": True},
    ],
    "life": [
        {"size": (5, 33), "rule": "B0/S8", "edges": "dead"},
        {"size": (16, 16), "density": 1, "rule": "b36s23"},
        {"size": (64, 48), "pattern": "x = 3, y = 3, rule = B36/S23\nbo$2bo$3o!"},
        {"size": (7, 6), "pattern": ".O.\n..O\nOOO"},
    ],
}
CASES = [(name, options) for name in GAMES for options in ({}, *VARIANTS.get(name, []))]


@pytest.mark.parametrize(("name", "options"), CASES, ids=[f"{n}-{o}" for n, o in CASES])
def test_every_game_keeps_the_contract(name: str, options: dict[str, Any]) -> None:
    check_game(make_game(name, **options), ticks=60)


@pytest.mark.parametrize(("name", "options"), CASES, ids=[f"{n}-{o}" for n, o in CASES])
def test_every_game_is_made_again_from_its_spec(name: str, options: dict[str, Any]) -> None:
    spec = make_game(name, **options).spec
    back = GameSpec.from_dict(json.loads(json.dumps(spec.to_dict())))
    seeds = training_seeds(0, 0, 2)
    game, again = make_game(name, **options), game_of(back)
    np.testing.assert_array_equal(again.render(again.init(seeds)), game.render(game.init(seeds)))
    assert name == spec.name


@pytest.mark.parametrize("name", GAMES)
def test_every_expert_chooses_actions_that_there_are(name: str) -> None:
    game = make_game(name)
    frames = game.render(game.init(training_seeds(0, 0, 5)))
    chosen = expert_of(game.spec)(frames, np.zeros((5, len(game.spec.players))))
    assert chosen.shape == (5, len(game.spec.players))
    assert chosen.min() >= 0
    assert chosen.max() < len(game.spec.actions)


def test_items_are_selected_and_replaced_in_copies() -> None:
    game = make_game("pong")
    state, other = game.init(training_seeds(0, 0, 4)), game.init(training_seeds(1, 0, 2))
    before, frames = game.render(state), game.render(other)
    mixed = replace_items(state, np.array([3, 1]), other)
    np.testing.assert_array_equal(game.render(mixed)[[3, 1, 0, 2]], [*frames, *before[[0, 2]]])
    np.testing.assert_array_equal(game.render(state), before)
    for index in (np.array([2, 0]), np.array([True, False, True, False]), slice(1, 3)):
        np.testing.assert_array_equal(game.render(select(state, index)), before[index])


def test_an_unknown_game_is_named() -> None:
    with pytest.raises(ValueError, match=f"unknown game 'pang'; .*{', '.join(sorted(GAMES))}"):
        make_game("pang")
    with pytest.raises(ValueError, match=r"pong: .*unexpected keyword argument 'paddle'"):
        make_game("pong", paddle=7)


def test_another_version_of_a_game_is_named() -> None:
    spec = replace(make_game("pong").spec, version=99)
    with pytest.raises(ValueError, match="made with pong version 99, but this program has version"):
        game_of(spec)
