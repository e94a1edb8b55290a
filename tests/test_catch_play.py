"""What falls next in Catch, that it can be caught or dodged, and who does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from catch_board import reachable, row_of, state_of, tick

from data_gen.games.catch import CATCH, CLEAR, DODGE, IS_BOMB, LANE, PLAIN, ROW, catch
from data_gen.kernel_game import KernelGame, RowState
from data_gen.players import make_players
from data_gen.randomness import training_seeds
from data_gen.rollout import Ticks, buffers, roll_on, roll_out


# onward = 1 + (3 lane + 5 score + basket) mod 9, as all 10 lanes are in reach, and the score that
# counts is the one after the catch or the miss.
@pytest.mark.parametrize(
    ("basket", "lane", "score", "wanted", "bomb"),
    [
        (14, 4, 1, 5, 0),  # caught: 1 + (12 + 10 + 14) mod 9 = 1; (5 + 6) mod 4 = 3
        (14, 3, 0, 9, 0),  # missed: 1 + (9 + 0 + 14) mod 9 = 6; 9 mod 4 = 1
        (14, 1, 0, 0, 1),  # missed: 1 + (3 + 0 + 14) mod 9 = 9; 0 mod 4 = 0
        (14, 4, 7, 3, 0),  # cleared: 1 + (12 + 0 + 14) mod 9 = 9; 3 mod 4 = 3
    ],
)
def test_what_comes_next(basket: int, lane: int, score: int, wanted: int, bomb: int) -> None:
    game = catch()
    after = tick(game, state_of(game, basket, lane, row=29, score=score))
    assert (row_of(after, LANE), row_of(after, IS_BOMB)) == (wanted, bomb)
    # After a bomb there is none, wherever it was dodged.
    dodged = tick(game, state_of(game, 26, lane, row=29, score=score, bomb=1))
    assert row_of(dodged, IS_BOMB) == 0


def test_only_lanes_in_reach_come_next() -> None:
    # 20 lanes with a margin of 2: their middles are 3, 6, .. 60. A fall takes 6 ticks, 12 px for
    # the basket. From column 0 it gets to columns 0 to 17, and so under the middles 3 to 15 of
    # lanes 0 to 4; from column 58 to 46 to 63, and under the middles 48 to 60 of lanes 15 to 19.
    game = catch(size=(20, 64), fall_speed=3)
    for basket, reach in ((0, range(5)), (58, range(15, 20))):
        seen = set()
        for lane in range(20):
            for score in range(8):
                seen.add(row_of(tick(game, state_of(game, basket, lane, 17, score)), LANE))
        assert seen == set(reach)


def test_no_bomb_follows_another_and_none_comes_where_there_are_none() -> None:
    for bombs in range(4):
        game = catch(size=(20, 20), bombs=bombs)
        rows = reachable(game)
        at_the_ground = rows[(rows[:, ROW] == 17) & (rows[:, IS_BOMB] == 1)]
        assert (len(at_the_ground) > 0) == (bombs > 0)
        for row in at_the_ground[:200]:
            state = replace(game.init(np.zeros(1, np.uint64)), values=row[None])
            assert row_of(tick(game, state), IS_BOMB) == 0


def landings(game: KernelGame) -> RowState:
    """States of random play in which something has just appeared."""
    seeds = training_seeds(3, 0, 64)
    player = make_players(["sticky"])
    actions = roll_out(game, player, seeds, 60).actions
    state, found = game.init(seeds), []
    for now in range(60):
        state = game.step(state, actions[:, now])
        found.append(state.values[state.event != PLAIN])
    values = np.concatenate(found)
    return replace(game.init(training_seeds(4, 0, len(values))), values=values)


@pytest.mark.parametrize(
    "options",
    [
        {"size": (20, 20), "basket_width": [3, 10]},
        {"size": (20, 64), "basket_width": [3, 12]},
        {"basket_width": [3, 6, 12]},
        {"size": (21, 32), "basket_width": [3, 12]},
    ],
    ids=str,
)
def test_every_fruit_can_be_caught_and_every_bomb_dodged(options: dict[str, Any]) -> None:
    """Whatever happened before: here the expert takes over from a player who does not look."""
    game = catch(**options, fall_speed=3, bombs=[1, 3])
    state = landings(game)
    batch = len(state.values)
    assert batch > 200
    height = options.get("size", (32, 32))[0]
    ticks = (height - 4) // 3 + 1  # until it has landed
    player = make_players(["tracker:1"])
    seen: Ticks = buffers(game.spec, batch, ticks)
    memory = player.start(game.spec, training_seeds(5, 0, batch))
    roll_on(game, player, state, memory, seen)
    events = set(np.unique(seen.event[:, -1]).tolist())
    assert events <= {CATCH, CLEAR, DODGE}
    assert {CATCH, DODGE} <= events
