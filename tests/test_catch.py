"""The rules of Catch, as pictures where that is natural: '.' background, 'U' basket, 'a' apple, 'l'
lemon, 'p' plum, '^' leaf, 'b' bomb, '*' spark, '+' score."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from reference.catch import VARIANTS, Reference

from data_gen.check import check_game
from data_gen.games.catch import (
    BURNT,
    CATCH,
    CLEAR,
    DODGE,
    GO_LEFT,
    GO_RIGHT,
    IS_BOMB,
    LANE,
    MISS,
    PIPS,
    PLACE,
    PLAIN,
    ROW,
    STAY,
    catch,
)
from data_gen.kernel_game import KernelGame, RowState
from data_gen.players import make_players
from data_gen.randomness import training_seeds
from data_gen.rollout import Ticks, buffers, roll_on, roll_out

MARKS = np.array(list(".Ualp^b*+"))
Rows = NDArray[np.int32]  # (N, F)


def state_of(
    game: KernelGame, basket: int, lane: int, row: int, score: int = 0, bomb: int = 0
) -> RowState:
    state = game.init(np.zeros(1, np.uint64))
    state.values[:, [PLACE, LANE, ROW, PIPS, IS_BOMB]] = basket, lane, row, score, bomb
    return state


def tick(game: KernelGame, state: RowState, action: int = STAY) -> RowState:
    return game.step(state, np.array([[action]]))


def row_of(state: RowState, column: int) -> int:
    return int(state.values[0, column])


def picture(game: KernelGame, state: RowState) -> list[str]:
    return ["".join(MARKS[row]) for row in game.render(state)[0, 0]]


def expect_film(
    game: KernelGame, state: RowState, film: str, top: int, left: int, actions: list[int]
) -> RowState:
    """The board's part from row `top` and column `left` on shows one picture after the other."""
    rows = [line.split() for line in film.strip().splitlines()]
    for number, wanted in enumerate(zip(*rows, strict=True)):
        state = tick(game, state, actions[number - 1]) if number else state
        part = picture(game, state)[top : top + len(wanted)]
        assert [row[left : left + len(wanted[0])] for row in part] == list(wanted), number
    return state


def test_the_whole_board() -> None:
    game = catch()
    seen = picture(game, state_of(game, basket=20, lane=2, row=9, score=5))
    assert seen[0] == ".+.+.+.+.+" + "." * 22
    assert seen[1:9] == ["." * 32] * 8
    assert seen[9:12] == ["........^" + "." * 23] + [".......ppp" + "." * 22] * 2
    assert seen[12:30] == ["." * 32] * 18
    assert seen[30:] == ["." * 20 + "U....U......", "." * 20 + "UUUUUU......"]


def test_the_lanes_stand_in_the_middle_of_the_board() -> None:
    for width, lanes, left in ((32, 10, 1), (20, 6, 1), (21, 6, 1), (22, 6, 2), (23, 7, 1)):
        game = catch(size=(20, width))
        first, last = (picture(game, state_of(game, 0, lane, row=5))[6] for lane in (0, lanes - 1))
        assert first == "." * left + "aaa" + "." * (width - left - 3)
        right = width - left - 3 * lanes
        assert last == "." * (width - right - 3) + "aaa" + "." * right


def test_fruits_take_turns_with_the_score_and_bombs_look_the_same() -> None:
    game = catch()
    fruits = [picture(game, state_of(game, 0, 0, 4, score))[5][1] for score in range(8)]
    assert fruits == list("alpalpal")
    for score in range(8):
        rows = picture(game, state_of(game, 0, 0, 4, score, bomb=1))
        assert [row[:5] for row in rows[4:7]] == ["..*..", ".bbb.", ".bbb."]


def test_a_fruit_is_caught() -> None:
    game = catch()
    film = """
        .....^...  .........  .........  .........  .........
        ....lll..  .....^...  .........  .........  .........
        ....lll..  ....lll..  .....^...  .........  .........
        .........  ....lll..  ....lll..  .....^...  .........
        ..U....U.  ..U....U.  ..U.lllU.  ..U.lllU.  ..U....U.
        ..UUUUUU.  ..UUUUUU.  ..UUUUUU.  ..UUUUUU.  ..UUUUUU.
    """
    start = state_of(game, basket=8, lane=3, row=26, score=1)
    state = expect_film(game, start, film, top=26, left=6, actions=[STAY] * 4)
    assert state.event[0] == CATCH
    assert state.reward.tolist() == [[1]]
    assert not state.terminated[0]
    assert picture(game, state)[0] == ".+.+" + "." * 28
    assert row_of(state, ROW) == 1
    after = tick(game, state)
    assert (after.event[0], after.reward[0, 0], row_of(after, ROW)) == (PLAIN, 0, 2)


def test_a_fruit_is_missed() -> None:
    game = catch()
    film = """
        .....^....  ..........  ..........
        ....lll...  .....^....  ..........
        ....lll.U.  ....lll.U.  ......U...
        ........UU  ....lll.UU  ......UUUU
    """
    start = state_of(game, basket=14, lane=3, row=28, score=1)
    # In the last tick the basket moves first, but only to the fruit's last column.
    state = expect_film(game, start, film, top=28, left=6, actions=[STAY, GO_LEFT])
    assert state.event[0] == MISS
    assert state.reward.tolist() == [[-1]]
    assert picture(game, state)[0] == "." * 32
    missed_at_0 = tick(game, state_of(game, basket=0, lane=9, row=29))
    assert (missed_at_0.event[0], row_of(missed_at_0, PIPS)) == (MISS, 0)


@pytest.mark.parametrize("width", [3, 6, 7, 12])
def test_the_middle_column_decides_after_the_basket_has_moved(width: int) -> None:
    game = catch(basket_width=width)
    middle = 2 + 3 * 5
    for action, move in ((STAY, 0), (GO_LEFT, -2), (GO_RIGHT, 2)):
        for basket in range(2, 32 - width - 1):
            state = tick(game, state_of(game, basket, lane=5, row=29), action)
            moved = basket + move
            wanted = CATCH if moved <= middle <= moved + width - 1 else MISS
            assert state.event[0] == wanted, (basket, action)


def test_bombs_burn_and_are_dodged() -> None:
    game = catch()
    burnt = tick(game, state_of(game, basket=8, lane=3, row=29, score=3, bomb=1))
    assert (burnt.event[0], burnt.reward[0, 0], row_of(burnt, PIPS)) == (BURNT, -1, 2)
    again = tick(game, state_of(game, basket=8, lane=3, row=29, score=0, bomb=1))
    assert (again.event[0], again.reward[0, 0], row_of(again, PIPS)) == (BURNT, -1, 0)
    dodged = tick(game, state_of(game, basket=18, lane=3, row=29, score=3, bomb=1))
    assert (dodged.event[0], dodged.reward[0, 0], row_of(dodged, PIPS)) == (DODGE, 0, 3)
    assert not burnt.terminated[0]
    assert not dodged.terminated[0]


def test_the_eighth_pip_clears_the_score_and_ends_the_game_once() -> None:
    game = catch()
    state = tick(game, state_of(game, basket=8, lane=3, row=29, score=7))
    assert (state.event[0], state.reward[0, 0]) == (CLEAR, 1)
    assert state.terminated[0]
    assert picture(game, state)[0] == "." * 32
    after = tick(game, state)
    assert after.event[0] == PLAIN
    assert not after.terminated[0]


@pytest.mark.parametrize(("width", "last"), [(6, 26), (7, 25)])
def test_the_basket_stops_at_the_edges(width: int, last: int) -> None:
    game = catch(basket_width=width)
    for action, start, wanted in ((GO_LEFT, 3, [1, 0, 0]), (GO_RIGHT, last - 3, [-1, 0, 0])):
        state = state_of(game, start, lane=0, row=4)
        for place in wanted:
            state = tick(game, state, action)
            assert row_of(state, PLACE) == (place if action == GO_LEFT else last + place)
    assert row_of(tick(game, state, STAY), PLACE) == last


@pytest.mark.parametrize(("speed", "ticks", "lowest"), [(1, 29, 29), (2, 15, 29), (3, 10, 28)])
def test_speeds(speed: int, ticks: int, lowest: int) -> None:
    game = catch(fall_speed=speed)
    state = state_of(game, 0, lane=9, row=1)
    rows = []
    while state.event[0] == PLAIN:
        rows.append(row_of(state, ROW))
        state = tick(game, state)
    assert rows == list(range(1, lowest + 1, speed))
    assert len(rows) == ticks


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


def codes(rows: Rows) -> NDArray[np.int64]:
    """A number for each state of a game with fixed parameters."""
    number = np.zeros(len(rows), np.int64)
    for column, bound in ((PLACE, 64), (LANE, 32), (ROW, 64), (IS_BOMB, 2), (PIPS, 8)):
        number = number * bound + rows[:, column]
    return number


def reachable(game: KernelGame) -> Rows:
    """All states that play can reach, breadth first."""
    start = game.init(training_seeds(0, 0, 4096))
    first = np.unique(start.values, axis=0)
    seen, frontier = np.zeros(64 * 32 * 64 * 2 * 8, np.bool_), first
    seen[codes(first)] = True
    found = [first]
    while len(frontier):
        rows = frontier.repeat(3, 0)
        shape = {entry.name: getattr(start, entry.name)[:1] for entry in fields(start)}
        many = RowState(**{name: value.repeat(len(rows), 0) for name, value in shape.items()})
        actions = np.tile([[STAY], [GO_LEFT], [GO_RIGHT]], (len(frontier), 1))
        after = game.step(replace(many, values=rows), actions).values
        _, which = np.unique(codes(after), return_index=True)
        frontier = after[which[~seen[codes(after[which])]]]
        seen[codes(frontier)] = True
        found.append(frontier)
    return np.concatenate(found)


@pytest.mark.parametrize(
    ("options", "states"),
    [
        ({}, 39712),  # as the game's docstring says
        ({"size": (20, 20)}, None),
        ({"size": (20, 24), "basket_width": 3, "fall_speed": 3, "bombs": 3}, None),
        ({"size": (21, 25), "basket_width": 12, "fall_speed": 2, "bombs": 2}, None),
    ],
    ids=str,
)
def test_one_frame_shows_the_whole_state(options: dict[str, Any], states: int | None) -> None:
    """Every reachable state looks different: a frame and the actions determine what comes."""
    game = catch(**options)
    rows = reachable(game)
    assert states is None or len(rows) == states
    frames = game.render(replace(game.init(np.zeros(1, np.uint64)), values=rows))[:, 0]
    assert len({frame.tobytes() for frame in frames}) == len(rows)
    # The proof sees what is hidden, such as the score: the colour of a fruit does not tell all.
    assert len({frame[1:].tobytes() for frame in frames}) < len(rows)


def test_no_bomb_follows_another_and_none_comes_where_there_are_none() -> None:
    for bombs in range(4):
        game = catch(size=(20, 20), bombs=bombs)
        rows = reachable(game)
        at_the_ground = rows[(rows[:, ROW] == 17) & (rows[:, IS_BOMB] == 1)]
        assert (len(at_the_ground) > 0) == (bombs > 0)
        for row in at_the_ground[:200]:
            state = replace(game.init(np.zeros(1, np.uint64)), values=row[None])
            assert row_of(tick(game, state), IS_BOMB) == 0


@pytest.mark.parametrize("options", [{}, *VARIANTS], ids=str)
def test_the_fast_game_equals_its_reference(options: dict[str, Any]) -> None:
    game, reference = catch(**options), Reference(**options)
    player = make_players(["random", "sticky", "tracker:0.5", "tracker"])
    seeds = training_seeds(11, 0, 32)
    fast, plain = (roll_out(one, player, seeds, 600) for one in (game, reference))
    for entry in fields(fast):
        wanted, seen = getattr(plain, entry.name), getattr(fast, entry.name)
        np.testing.assert_array_equal(seen, wanted, entry.name)
    check_game(game, ticks=60)


def test_the_expert_is_far_better_than_chance() -> None:
    game = catch()
    seeds = training_seeds(12, 0, 64)
    rewards = {
        name: float(roll_out(game, make_players([name]), seeds, 1000).reward.sum(1).mean())
        for name in ("random", "tracker:1")
    }
    assert rewards["tracker:1"] > 20
    assert rewards["random"] < 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": (19, 32)}, "size must be two whole numbers of 20 or more"),
        ({"size": (20, 20), "basket_width": 11}, "basket_width .* from 3 to 10, not 11"),
        ({"basket_width": 13}, "basket_width .* from 3 to 12, not 13"),
        ({"fall_speed": [1, 4]}, "fall_speed .* from 1 to 3"),
        ({"bombs": []}, "bombs .* from 0 to 3"),
    ],
    ids=str,
)
def test_wrong_options_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        catch(**options)
