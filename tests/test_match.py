"""Truth and dream side by side: the tick of parting, restarts, and who plays which seat."""

from __future__ import annotations

import numpy as np
import pytest
from flawed import Flawed
from numpy.typing import NDArray

from data_gen.games.life import life
from data_gen.games.pong import DOWN, UP, pong
from data_gen.pictures import ALARM
from data_gen.players import make_players
from data_gen.randomness import held_out_seeds
from data_gen.rollout import play
from gameengine.match import SKILL, Match, Pair
from gameengine.seats import PATIENCE

LEFT, RIGHT = 0, 1


def match_of(wrong_at: int | None = None, ends_at: int | None = None, seed: int = 0) -> Match:
    """Pong beside a dream of it that is wrong at one tick."""
    return Match(Pair.beside(Flawed(pong(), None, ends_at), Flawed(pong(), wrong_at)), seed)


def advance(match: Match, ticks: int) -> None:
    for _ in range(ticks):
        match.advance()


@pytest.mark.parametrize("wrong_at", [0, 1, 37])
def test_the_tick_of_parting_is_exact_and_stays(wrong_at: int) -> None:
    match = match_of(wrong_at)
    for tick in range(wrong_at):
        assert (match.tick, match.parted_at, match.wrong_pixels()) == (tick, None, 0)
        match.advance()
    assert (match.tick, match.parted_at, match.wrong_pixels()) == (wrong_at, wrong_at, 1)
    advance(match, 5)
    assert match.wrong_pixels() == 0, "the dream is right again"
    assert match.parted_at == wrong_at


def test_the_verdict_in_words() -> None:
    match = match_of(1001)
    match.advance()
    assert match.verdict() == "true for 1 tick"
    advance(match, 999)
    assert match.verdict() == "true for 1,000 ticks"
    advance(match, 10)
    assert match.verdict() == "parted at tick 1,001"


def test_restart_begins_from_the_next_seed() -> None:
    match = match_of(3, seed=4)
    advance(match, 10)
    match.restart()
    assert (match.seed, match.tick, match.parted_at) == (5, 0, None)
    fresh = match_of(3, seed=5)
    for _ in range(5):
        assert np.array_equal(match.truth_frame, fresh.truth_frame)
        advance(match, 1)
        advance(fresh, 1)
    assert match.parted_at == 3
    assert not np.array_equal(match.truth_frame, advanced_frame(seed=4, ticks=5)), "seeds differ"


def advanced_frame(seed: int, ticks: int) -> NDArray[np.uint8]:
    match = match_of(seed=seed)
    advance(match, ticks)
    return match.truth_frame


def test_the_seed_after_the_last_is_the_first() -> None:
    match = match_of(seed=2**64 - 1)
    match.restart()
    assert match.seed == 0


def test_no_one_touches_a_seat_so_the_tracker_plays_the_truth() -> None:
    match, game, seeds = match_of(5), pong(), held_out_seeds(0, 1)
    for _, (actions, _, frames) in zip(
        range(200),
        play(game, make_players([f"tracker:{SKILL}"]), seeds, game.init(seeds)),
        strict=False,
    ):
        match.advance()
        assert np.array_equal(match.actions, actions[0])
        assert np.array_equal(match.truth_frame, frames[0])


def test_truth_and_dream_get_the_same_actions_from_person_and_tracker() -> None:
    truth, dream = Flawed(pong()), Flawed(pong(), 2)
    match = Match(Pair.beside(truth, dream))
    advance(match, 20)
    match.seats.press("s")
    advance(match, 20)
    given = np.array(truth.actions)
    assert np.array_equal(given, np.array(dream.actions))
    assert (given[20:, LEFT] == DOWN).all()
    assert (given[:20, LEFT] != DOWN).any(), "or the tracker could have done that"


def test_a_person_moves_one_paddle_and_the_tracker_the_other() -> None:
    alone, helped = match_of(), match_of()
    helped.seats.press("down")
    for _ in range(12):
        alone.advance()
        helped.advance()
        assert helped.actions[RIGHT] == DOWN
        assert helped.actions[LEFT] == alone.actions[LEFT]
    paddle = np.flatnonzero((helped.truth_frame[0] == 2).any(1))  # rows
    assert paddle.max() == 31, "the right paddle is at the bottom"


def test_a_game_without_choices_plays_by_itself() -> None:
    game = life((16, 16))
    match = Match(Pair.beside(game, Flawed(game, 4)))
    state = game.init(held_out_seeds(0, 1))
    for _ in range(6):
        assert np.array_equal(match.truth_frame, game.render(state)[0])
        match.advance()
        state = game.step(state, np.zeros((1, 1), np.int64))
    assert match.parted_at == 4


def test_the_truth_alone_has_no_verdict() -> None:
    match = Match(Pair.alone(pong()))
    advance(match, 3)
    assert (match.verdict(), match.parted_at, match.dream_frame) == ("", None, None)
    assert list(match.panels(with_difference=True)) == ["truth"]


def test_a_game_goes_on_after_its_end() -> None:
    match, same = match_of(ends_at=7), match_of()
    for one in (match, same):
        advance(one, 12)
    assert match.tick == 12
    np.testing.assert_array_equal(match.truth_frame, same.truth_frame)


def test_games_of_different_shapes_are_not_compared() -> None:
    with pytest.raises(ValueError, match=r"\(1, 64, 64\) cannot be compared with \(1, 32, 32\)"):
        Pair.beside(pong(), pong((64, 64)))


def test_the_difference_is_one_of_three_panels() -> None:
    match = match_of(0)
    shown = match.panels(with_difference=True)
    assert list(shown) == ["truth", "dream", "difference"]
    red = (shown["difference"] == ALARM).all(-1)  # (H, W)
    assert np.argwhere(red).tolist() == [[31, 31]]


def test_persons_keep_their_seats_over_a_restart() -> None:
    match = match_of()
    match.seats.press("w")
    match.restart()
    match.advance()
    assert match.persons == (LEFT,)
    assert match.actions[LEFT] == UP


def test_patience_runs_by_the_time_that_the_person_has() -> None:
    match = match_of()
    match.seats.press("w")
    match.seats.release("w")
    ticks = 0
    while LEFT in match.seats.persons():
        match.advance(0.25)  # seconds: a slow game
        ticks += 1
    assert ticks == PATIENCE / 0.25
