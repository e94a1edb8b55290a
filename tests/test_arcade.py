"""Several games behind one interface. That each is played as by itself is tested with all other
games, in test_references.py."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from data_gen.games.arcade import MEMBERS, arcade
from data_gen.players import make_players
from data_gen.randomness import training_seeds
from data_gen.reachable import joint_actions
from data_gen.registry import make_game
from data_gen.rollout import roll_out
from data_gen.variants import variant


def test_all_games_of_an_arcade_have_one_interface() -> None:
    specs = [arcade(name).spec for name in MEMBERS]
    assert len({(spec.shape, spec.description, spec.context) for spec in specs}) == 1
    for names in ("colours", "actions", "players", "keys"):
        assert len({len(getattr(spec, names)) for spec in specs}) == 1
    assert [spec.choices for spec in specs] == [3, 3, 5, 3, 1, 2]
    assert [spec.taken for spec in specs] == [2, 1, 1, 1, 1, 1]
    assert specs[4].colours == ("dead", "alive", *[""] * 7)  # breakout has nine


def test_the_description_tells_which_game_it_is_and_of_which_variant() -> None:
    game = arcade("catch", ["life", "catch"], options={"catch": {"basket_width": 9}})
    told = game.init(np.zeros(1, np.uint64)).description[0]
    named = {name: value for name, value in zip(game.spec.description, told, strict=True) if value}
    assert named == {"catch": 1, "catch basket width": 9, "catch fall speed": 1, "catch bombs": 1}


@pytest.mark.parametrize("name", MEMBERS)
def test_nobody_chooses_what_has_no_name(name: str) -> None:
    game = arcade(name)
    chosen = roll_out(game, make_players(["random"]), training_seeds(0, 0, 8), 60).actions
    assert set(np.unique(chosen[..., : game.spec.taken])) == set(range(game.spec.choices))
    assert not chosen[..., game.spec.taken :].any()
    moves = joint_actions(game.spec)
    assert moves.shape == (game.spec.choices**game.spec.taken, 2)
    assert not moves[:, game.spec.taken :].any()


@pytest.mark.parametrize("name", MEMBERS)
def test_what_has_no_name_does_nothing(name: str) -> None:
    """As an engine would have to learn, were it ever chosen."""
    game = arcade(name)
    state = game.init(training_seeds(0, 0, 8))
    idle = np.zeros((8, 2), np.int64)
    for tick in range(20):
        after = game.step(state, idle)
        odd = idle.copy()
        odd[:, game.spec.taken :] = tick % len(game.spec.actions)
        if game.spec.choices < len(game.spec.actions):
            odd[::2] = len(game.spec.actions) - 1
        np.testing.assert_array_equal(game.render(game.step(state, odd)), game.render(after))
        state = after


def test_a_variant_of_a_game_in_an_arcade_is_found_by_its_description() -> None:
    many = arcade("pong", options={"pong": {"paddle_height": [5, 9], "ball_speed": [1, 2]}})
    begun = many.init(np.arange(64, dtype=np.uint64)).description
    for description in np.unique(begun, axis=0):
        one = variant(many.spec, description)
        assert (one.init(np.arange(8, dtype=np.uint64)).description == description).all()
    life = arcade("life", options={"life": {"rule": "B36/S23"}})
    told = life.init(np.zeros(1, np.uint64)).description[0]
    assert variant(life.spec, told).spec.options["options"]["life"]["rule"] == "B36/S23"
    snake = arcade("snake").init(np.zeros(1, np.uint64)).description[0]
    assert variant(life.spec, snake).spec.options["game"] == "snake"
    for name in MEMBERS:  # each from the spec of another one
        told = arcade(name).init(np.zeros(1, np.uint64)).description[0]
        assert variant(many.spec, told).spec.options["game"] == name
    with pytest.raises(ValueError, match="one game of an arcade, not of 0"):
        variant(life.spec, 0 * snake)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"game": "tetris"}, "no game 'tetris' in this arcade; choose from pong, breakout"),
        ({"games": []}, "games must be different names"),
        ({"games": "pong"}, "games must be different names"),
        ({"games": ["pong", "pong"]}, "games must be different names"),
        ({"games": ["pong", "arcade"]}, "cannot stand in an arcade"),
        ({"games": ["pong", "tetris"]}, "unknown game 'tetris'"),
        ({"games": 5}, "games must be different names"),
        ({"options": {"pong": {"size": [64, 64]}}}, "size is one for all games"),
        ({"options": {"pong": {"paddle_height": 99}}}, "paddle_height must be one or more whole"),
        ({"options": {"pong": {"rule": "B3/S23"}}}, "pong: "),
        ({"options": {"rule": "B3/S23"}}, "options must be by game"),
        ({"options": "abc"}, "options must be by game"),
        ({"options": {"keydoor": {}}}, "not of 'keydoor'"),
    ],
)
def test_arcades_that_there_are_not_are_told(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        make_game("arcade", **options)


def test_an_arcade_shows_the_very_frames_of_its_game() -> None:
    seeds, cast = training_seeds(3, 0, 4), make_players(["sticky"])
    alone = roll_out(make_game("snake"), cast, seeds, 80)
    inside = roll_out(arcade("snake"), cast, seeds, 80)
    np.testing.assert_array_equal(inside.frames, alone.frames)
    np.testing.assert_array_equal(inside.actions[..., :1], alone.actions)
