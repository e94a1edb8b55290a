"""The contract of games: every game of the registry keeps it. That the contract is really checked
is shown in test_check.py."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from reference import variants_of

from data_gen.check import check_game
from data_gen.game import GameSpec, replace_items, select
from data_gen.players import make_players
from data_gen.randomness import training_seeds
from data_gen.registry import GAMES, expert_of, game_of, make_game
from data_gen.rollout import roll_out

CASES = [(name, options) for name in GAMES for options in variants_of(name)]


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


@pytest.mark.parametrize(("name", "options"), CASES, ids=[f"{n}-{o}" for n, o in CASES])
def test_every_expert_chooses_actions_that_there_are(name: str, options: dict[str, Any]) -> None:
    """Also before frames of nothing, and of anything anywhere, as in a bad dream."""
    spec = (game := make_game(name, **options)).spec
    played = roll_out(game, make_players(["random"]), training_seeds(0, 0, 5), 20).frames
    noise = np.random.default_rng(0).integers(0, len(spec.palette or ()), (20, *spec.shape))
    shown = [played[:, -1], np.zeros_like(noise), noise]
    for frame in np.concatenate(shown).astype(np.uint8)[:, 0]:
        for seat in range(len(spec.players)):
            for aim in (-1.0, 0.0, 0.5, 1.0):
                assert 0 <= expert_of(spec)(frame, seat, aim) < len(spec.actions)


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


@pytest.mark.parametrize("name", ["breakout", "catch", "flappy", "keydoor", "snake"])
def test_the_expert_is_far_better_than_chance(name: str) -> None:
    game, seeds = make_game(name), training_seeds(12, 0, 64)
    able, random = (
        float(roll_out(game, make_players([player]), seeds, 1000).reward.sum(1).mean())
        for player in ("tracker:1", "random")
    )
    assert able > 15
    assert random < 2
