"""The rules of Catch, as pictures where that is natural (see catch_board.py)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from catch_board import expect_film, picture, reachable, row_of, state_of, tick

from data_gen.games.catch import (
    BURNT,
    CATCH,
    CLEAR,
    DODGE,
    GO_LEFT,
    GO_RIGHT,
    MISS,
    PIPS,
    PLACE,
    PLAIN,
    ROW,
    STAY,
    catch,
)


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
