"""Where games begin: what is explored was reached, and each kind of start is what it says."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from data_gen.explore import Explored, explore
from data_gen.game import AnyGame, State, arrays_of, map_state, select
from data_gen.players import make_players
from data_gen.randomness import training_seeds
from data_gen.reachable import reachable
from data_gen.registry import GAMES, make_game
from data_gen.rollout import roll_out
from data_gen.starts import NEAR, Starts

SEEDS = training_seeds(1, 0, 400)


def rows(state: State) -> NDArray[Any]:
    """Where each game is, as numbers (B, N), without what just happened."""
    told = {"reward", "terminated", "event"}
    arrays = arrays_of(state).items()
    values = [value for name, value in arrays if name.rpartition(".")[2] not in told]
    return np.concatenate([value.reshape(len(value), -1).astype(np.float64) for value in values], 1)


def keys(state: State) -> set[bytes]:
    return {row.tobytes() for row in rows(state)}


def beginnings(game: AnyGame, explored: Explored) -> set[bytes]:
    """All that the game can begin with, as far as the seeds that exploring used tell."""
    first = select(explored.states, explored.parent < 0)
    many = keys(game.init(training_seeds(0x57A7E5, 0, 1 << 13)))
    return keys(first) & many


@pytest.mark.parametrize("name", GAMES)
def test_every_explored_state_was_reached(name: str) -> None:
    game = make_game(name)
    explored = explore(game, most=3000, games=32)
    assert len(explored.parent) >= 3000
    assert len(keys(explored.states)) == len(explored.parent)  # no state twice
    first = explored.parent < 0
    assert keys(select(explored.states, first)) == beginnings(game, explored)
    # One step from its parent leads to each of the others, and so back to a beginning.
    rest = np.flatnonzero(~first)
    assert (explored.parent[rest] < rest).all()
    after = game.step(select(explored.states, explored.parent[rest]), explored.actions[rest])
    np.testing.assert_array_equal(rows(after), rows(select(explored.states, rest)))


@pytest.mark.parametrize("name", GAMES)
def test_every_event_can_be_asked_for(name: str) -> None:
    """From right before it some action leads to it."""
    game = make_game(name)
    explored = explore(game)
    rare = {"snake": {"full"}}  # 256 cells long
    met = {game.spec.events[event] for event in explored.before}
    assert met == set(game.spec.events[1:]) - rare.get(name, set())
    seats = len(game.spec.players)
    for event, before in explored.before.items():
        state = select(explored.states, before[:200])
        leading = np.zeros(len(before[:200]), np.bool_)
        for chosen in product(range(len(game.spec.actions)), repeat=seats):
            actions = np.tile(np.array(chosen, np.uint8), (len(leading), 1))
            leading |= game.step(state, actions).event == event
        assert leading.all()


def test_exploring_goes_beyond_play() -> None:
    game = make_game("pong")
    explored = explore(game)
    found = explored.states.values[:, 6:8]
    played = select(explored.states, explored.visits).values[:, 6:8]
    late = [(scores.sum(1) >= 6).mean() for scores in (found, played)]
    assert late[0] > 1.2 * late[1]
    assert len(np.unique(found, axis=0)) == 25  # every score


@pytest.mark.parametrize("kind", ["play", "uniform", "near", "near:miss"])
def test_starts_are_reachable_and_follow_their_seeds(kind: str) -> None:
    game = make_game("pong")
    starts = Starts(game, {kind: 1})
    state = starts.draw(SEEDS)
    assert keys(state) <= keys(explore(game).states)
    again = starts.draw(SEEDS[100:200])
    np.testing.assert_array_equal(rows(again), rows(state)[100:200])
    assert len(keys(state)) > 300
    for outcome in (state.reward, state.event, state.terminated):
        assert not outcome.any()


@pytest.mark.parametrize("event", ["paddle", "miss", "clear"])
def test_near_an_event_it_happens_soon(event: str) -> None:
    game = make_game("pong")
    begin = Starts(game, {f"near:{event}": 1}).draw
    cast = make_players(["random"])
    number = game.spec.events.index(event)
    soon = (roll_out(game, cast, SEEDS, NEAR, begin=begin).event == number).any(1).mean()
    plain = (roll_out(game, cast, SEEDS, NEAR).event == number).any(1).mean()
    assert soon > 0.5  # the players may prevent it
    assert plain < 0.02


def test_the_weights_are_the_shares() -> None:
    game = make_game("pong")
    seeds = training_seeds(2, 0, 4000)
    state = Starts(game, {"init": 1, "near:clear": 3}).draw(seeds)
    from_init = (rows(state) == rows(game.init(seeds))).all(1).mean()
    assert abs(from_init - 0.25) < 0.03
    only = Starts(game, {"init": 1, "uniform": 0}).draw(seeds)
    np.testing.assert_array_equal(rows(only), rows(game.init(seeds)))


def test_uniform_is_uniform_where_all_is_found() -> None:
    game = make_game("life", size=(3, 3), density=0.5)  # 512 boards
    seeds = training_seeds(3, 0, 512 * 40)
    state = Starts(game, {"uniform": 1}).draw(seeds)
    boards = rows(state)[:, -9:] @ (1 << np.arange(9))
    counts = np.bincount(boards.astype(int), minlength=512)
    # Many boards have no board before them, so that only a beginning can show them.
    assert (counts > 0).sum() > 500
    assert counts[counts > 0].min() > 10  # of 40 on average; standard deviation 6.3
    assert counts.max() < 75


def test_every_is_uniform_over_all_that_there_is() -> None:
    game = make_game("catch")
    everything = reachable(game)
    state = Starts(game, {"every": 1}).draw(training_seeds(3, 0, 4 * len(everything)))
    found, counts = np.unique(rows(state), axis=0, return_counts=True)
    known = {row.tobytes() for row in rows(everything.state(np.arange(len(everything))))}
    assert {row.tobytes() for row in found} <= known
    assert len(found) / len(everything) == pytest.approx(1 - np.exp(-4), abs=0.01)
    assert counts.max() < 20  # of 4 on average


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"anywhere": 1}, "unknown start 'anywhere'; choose from init, play, uniform, every, near"),
        ({"near:goal": 1}, "unknown start 'near:goal'"),
        ({"init": -1}, "the weight of init must be 0 or more, and finite, not -1"),
        ({"init": float("nan")}, "the weight of init must be 0 or more"),
        ({"init": float("inf")}, "the weight of init must be 0 or more, and finite"),
        ({"init": 0}, "must not all be 0"),
        ({}, "must not all be 0"),
    ],
)
def test_bad_weights_are_named(weights: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Starts(make_game("pong"), weights)


def test_a_board_too_large_to_explore_is_named() -> None:
    assert len(explore(make_game("life", size=(512, 512)), ticks=2).parent) > 100
    with pytest.raises(ValueError, match="a life of 1024 x 1024 is too large to be explored"):
        Starts(make_game("life", size=(1024, 1024)), {"uniform": 1})


def test_all_states_can_be_gone_on_from() -> None:
    game = make_game("pong", serve_angles=True)
    state = Starts(game, {"uniform": 1}).draw(SEEDS)
    after = map_state(lambda value: value[:1], game.step(state, np.zeros((400, 2), np.uint8)))
    assert game.render(after).shape == (1, 1, 32, 32)
