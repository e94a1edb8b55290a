"""Rollouts: many ticks at once are the same as one after the other, in any number of threads."""

from __future__ import annotations

import copy
from dataclasses import fields, replace
from time import sleep
from typing import Any

import numpy as np
import pytest

from data_gen.game import Actions, AnyGame, Frames, Seeds, State, arrays_of
from data_gen.players import Cast, ReplayPlayer, make_players
from data_gen.randomness import training_seeds
from data_gen.registry import GAMES, make_game
from data_gen.rollout import Ticks, buffers, roll_on, roll_out
from data_gen.threads import in_parts

SEEDS = training_seeds(3, 0, 5)
CAST = make_players(["random", "sticky", "tracker", "tracker:0.4"])


class Plain:
    """A game of which nothing but the contract is known, so that it is played tick by tick."""

    def __init__(self, game: AnyGame) -> None:
        self.spec, self._game = game.spec, game

    def init(self, seeds: Seeds) -> State:
        return self._game.init(seeds)

    def step(self, state: State, actions: Actions) -> State:
        return self._game.step(state, actions)

    def render(self, state: State) -> Frames:
        return self._game.render(state)


def played(game: AnyGame, ticks: int, threads: int = 1) -> tuple[Ticks, State, dict[str, Any]]:
    """Ticks from the start, and the state and the memory after them."""
    room = buffers(game.spec, len(SEEDS), ticks)
    for entry in fields(Ticks):
        getattr(room, entry.name).view(np.uint8)[...] = 0xA5  # whatever is not filled is seen
    state, memory = roll_on(
        game, CAST, game.init(SEEDS), CAST.start(game.spec, SEEDS), room, threads
    )
    return room, state, memory


def by_name(value: Any) -> dict[str, Any]:
    if isinstance(value, State):
        return arrays_of(value)
    return value if isinstance(value, dict) else vars(value)


def compare(found: Any, wanted: Any) -> None:
    """Two sets of arrays are the same, to the dtypes."""
    found, wanted = (by_name(value) for value in (found, wanted))
    assert set(found) == set(wanted)
    for name, value in wanted.items():
        assert found[name].dtype == value.dtype, name
        np.testing.assert_array_equal(found[name], value, name)


@pytest.mark.parametrize("name", GAMES)
def test_at_once_is_the_same_as_tick_by_tick(name: str) -> None:
    game = make_game(name)
    for found, wanted in zip(played(game, 120), played(Plain(game), 120), strict=True):
        compare(found, wanted)


@pytest.mark.parametrize("name", GAMES)
@pytest.mark.parametrize("threads", [2, 3, 7])
def test_threads_change_nothing(name: str, threads: int) -> None:
    game = make_game(name)
    for found, wanted in zip(played(game, 60, threads), played(game, 60), strict=True):
        compare(found, wanted)


@pytest.mark.parametrize("name", GAMES)
@pytest.mark.parametrize("plain", [False, True], ids=["at once", "tick by tick"])
def test_playing_on_is_the_same_as_playing_longer(name: str, plain: bool) -> None:
    game = Plain(make_game(name)) if plain else make_game(name)
    whole, last_state, last_memory = played(game, 100)
    room, state, memory = played(game, 50)
    first = copy.deepcopy(room)
    state, memory = roll_on(game, CAST, state, memory, room)  # into the same buffers
    for entry in fields(Ticks):
        halves = getattr(first, entry.name), getattr(room, entry.name)
        if entry.name == "frames":
            np.testing.assert_array_equal(halves[0][:, -1], halves[1][:, 0])
            halves = halves[0][:, :-1], halves[1]
        np.testing.assert_array_equal(np.concatenate(halves, 1), getattr(whole, entry.name))
    compare(state, last_state)
    compare(memory, last_memory)


@pytest.mark.parametrize("name", GAMES)
def test_what_a_rollout_begins_with_is_not_changed(name: str) -> None:
    game = make_game(name)
    room, state, memory = played(game, 30)
    before = copy.deepcopy((state, memory))
    first = copy.deepcopy(roll_on(game, CAST, state, memory, room, 2))
    compare(state, before[0])
    compare(memory, before[1])
    kept = copy.deepcopy(room)
    again = roll_on(game, CAST, state, memory, room)
    compare(room, kept)
    for found, wanted in zip(again, first, strict=True):
        compare(found, wanted)


@pytest.mark.parametrize("name", GAMES)
def test_a_state_does_not_lie_in_the_callers_buffers(name: str) -> None:
    game = make_game(name)
    room, state, memory = played(game, 10)
    kept = copy.deepcopy((state, memory))
    for entry in fields(Ticks):
        getattr(room, entry.name).view(np.uint8)[...] = 0
    compare(state, kept[0])
    compare(memory, kept[1])


@pytest.mark.parametrize("name", GAMES)
def test_a_replay_leads_to_the_same(name: str) -> None:
    game = make_game(name)
    recorded = roll_out(game, CAST, SEEDS, 100)
    player = ReplayPlayer(recorded.actions, recorded.policy, CAST.names)
    compare(roll_out(game, player, SEEDS, 100), recorded)


@pytest.mark.parametrize("name", GAMES)
def test_games_of_a_batch_are_those_alone(name: str) -> None:
    game = make_game(name)
    together = vars(roll_out(game, CAST, SEEDS, 60, threads=2))
    for item in range(len(SEEDS)):
        alone = roll_out(game, CAST, SEEDS[item : item + 1], 60)
        compare(alone, {name: value[item : item + 1] for name, value in together.items()})


def test_seeds_may_be_any_array_of_them() -> None:
    game = make_game("pong")
    many = training_seeds(3, 0, 10)
    wanted = vars(roll_out(game, CAST, many, 20))
    apart = {name: value[::2] for name, value in wanted.items()}
    compare(roll_out(game, CAST, many[::2], 20), apart)
    compare(roll_out(game, CAST, many[::-1], 20), {n: v[::-1] for n, v in wanted.items()})
    many.flags.writeable = False
    compare(roll_out(game, CAST, many, 20), wanted)


def test_the_policy_says_who_acted_in_every_tick() -> None:
    game = make_game("pong")
    rollout = roll_out(game, CAST, SEEDS, 40)
    wanted = CAST.policy(SEEDS, 2)[:, None].repeat(40, 1)
    np.testing.assert_array_equal(rollout.policy, wanted)
    assert len(np.unique(wanted)) > 1


def test_buffers_may_be_a_part_of_larger_ones() -> None:
    """Of a dataset's shard, say: some of its games, or the ticks that are still to come."""
    game = make_game("pong")
    whole = buffers(game.spec, 9, 30)
    wanted = roll_out(game, CAST, SEEDS, 30)
    some = Ticks(**{name: value[2:7] for name, value in vars(whole).items()})
    roll_on(game, CAST, game.init(SEEDS), CAST.start(game.spec, SEEDS), some)
    compare(some, {entry.name: getattr(wanted, entry.name) for entry in fields(Ticks)})
    np.testing.assert_array_equal(whole.frames[2:7], wanted.frames)


@pytest.mark.parametrize("ticks", [0, -1])
def test_a_rollout_needs_a_tick(ticks: int) -> None:
    with pytest.raises(ValueError, match=f"at least 1 tick, not {ticks}"):
        roll_out(make_game("pong"), make_players(["random"]), SEEDS, ticks)


def test_a_cast_needs_a_player() -> None:
    with pytest.raises(ValueError, match="at least one player"):
        Cast([])


@pytest.mark.parametrize("name", GAMES)
def test_a_batch_may_be_empty(name: str) -> None:
    game = make_game(name)
    seeds = SEEDS[:0]
    assert roll_out(game, CAST, seeds, 3).frames.shape == (0, 4, *game.spec.shape)
    chosen = np.zeros((0, len(game.spec.players)), np.uint8)
    assert game.render(game.step(game.init(seeds), chosen)).shape == (0, *game.spec.shape)


@pytest.mark.parametrize("name", ["pong", "life"])
@pytest.mark.parametrize("plain", [False, True], ids=["at once", "tick by tick"])
def test_buffers_that_do_not_fit_are_refused(name: str, plain: bool) -> None:
    game = Plain(make_game(name)) if plain else make_game(name)
    room, wide = buffers(game.spec, len(SEEDS), 4), buffers(game.spec, len(SEEDS), 9)
    apart = replace(room, frames=wide.frames[:, :5])
    large = replace(room, frames=wide.frames)
    fewer = Ticks(**{entry: value[:3].copy() for entry, value in vars(room).items()})
    none = buffers(game.spec, len(SEEDS), 0)
    for given, message in (
        (apart, "the buffer of frames must be contiguous"),
        (large, r"the buffer of frames must be \(5, 5, 1, 32, 32\), not \(5, 10, 1, 32, 32\)"),
        (fewer, "the buffer of frames must be"),
        (none, "room for at least 1 tick, not 0"),
    ):
        with pytest.raises(ValueError, match=message):
            roll_on(game, CAST, game.init(SEEDS), CAST.start(game.spec, SEEDS), given)


@pytest.mark.parametrize("shape", [(5,), (4, 2), (5, 1), (5, 3), (5, 2, 1)], ids=str)
def test_actions_are_one_for_each_seat(shape: tuple[int, ...]) -> None:
    game = make_game("pong")
    with pytest.raises(ValueError, match=r"actions must be \(5, 2\) \(B, P\), not \("):
        game.step(game.init(SEEDS), np.zeros(shape, np.uint8))


def test_all_threads_have_ended_when_one_fails() -> None:
    ended: list[int] = []

    def work(part: slice) -> None:
        if part.start == 0:
            raise ValueError("the first part")
        sleep(0.2)
        ended.append(part.start)

    with pytest.raises(ValueError, match="the first part"):
        in_parts(work, 3, 3)
    assert sorted(ended) == [1, 2]
