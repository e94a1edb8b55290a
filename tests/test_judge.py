"""Horizons are judged on dreams whose faults are known to the tick."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from data_gen.game import Frames
from data_gen.players import make_players
from data_gen.registry import make_game
from gameengine.judge import exact_horizon, judge, summarise
from gameengine.learned_game import LearnedGame
from gameengine.split_screen import dream_beside_truth, split_screen, split_screens


@dataclass
class Slip:
    """The state of a dream that follows the truth, and how many ticks it is old."""

    state: Any
    age: int


class Slipping:
    """A dream of Pong that is the truth itself until, in item i, tick faults[i] is reached; from
    then on its frames are changed by `fault`."""

    def __init__(self, faults: list[int], fault: Any) -> None:
        self.truth = make_game("pong")
        self.spec = self.truth.spec
        self._faults, self._fault = np.array(faults), fault

    def init_beside_truth(self, seeds: NDArray[np.uint64]) -> tuple[Any, Slip]:
        state = self.truth.init(seeds)
        return state, Slip(state, 0)

    def step(self, dream: Slip, actions: Any) -> Slip:
        return Slip(self.truth.step(dream.state, actions), dream.age + 1)

    def render(self, dream: Slip) -> Frames:
        frames = self.truth.render(dream.state)
        late = dream.age >= self._faults
        frames[late] = self._fault(frames[late])
        return frames


def slipping(faults: list[int], fault: Any) -> LearnedGame:
    return cast(LearnedGame, Slipping(faults, fault))


def one_pixel(frames: Frames) -> Frames:
    frames[..., -1, 16] = 4  # the lowest row, where a ball may be but no paddle is
    return frames


def no_ball(frames: Frames) -> Frames:
    return np.where(frames == 3, 0, frames).astype(np.uint8)


def moved(frames: Frames, rows: int) -> Frames:
    """The ball, `rows` lower."""
    ball = frames == 3
    return np.where(np.roll(ball, rows, -2), 3, no_ball(frames)).astype(np.uint8)


CAST = make_players(["tracker"])


def test_exact_horizon_counts_the_ticks_before_the_fault() -> None:
    judgement = judge(slipping([1, 4, 9, 999], one_pixel), CAST, rollouts=4, ticks=20)
    assert judgement.exact.ticks.tolist() == [0, 3, 8, 20]
    assert judgement.exact.censored == 1
    assert judgement.survival[[0, 2, 3, 7, 8, 19]].tolist() == [0.75, 0.75, 0.5, 0.5, 0.25, 0.25]
    assert judgement.frame_accuracy.tolist() == judgement.survival.tolist()
    assert judgement.pixel_error[-1] == pytest.approx(3 / 4 / 1024)
    quick = exact_horizon(slipping([1, 4, 9, 999], one_pixel), CAST, 4, 20)
    assert quick.ticks.tolist() == [0, 3, 8, 20]


def test_a_wrong_pixel_does_not_lose_the_objects() -> None:
    judgement = judge(slipping([1, 1, 1, 1], one_pixel), CAST, rollouts=4, ticks=10)
    assert judgement.tracked is not None
    assert judgement.tracked.censored == 4
    assert judgement.overlap is not None
    assert judgement.overlap.min() == 1.0


@pytest.mark.parametrize(("rows", "kept"), [(1, 10), (2, 2)])
def test_an_object_may_be_one_pixel_off_and_not_two(rows: int, kept: int) -> None:
    dream = slipping([3, 3], lambda frames: moved(frames, rows))
    judgement = judge(dream, CAST, rollouts=2, ticks=10)
    assert judgement.tracked is not None
    assert judgement.tracked.ticks.tolist() == [kept, kept]
    assert judgement.exact.ticks.tolist() == [2, 2]


def test_a_lost_object_ends_the_tracked_horizon() -> None:
    judgement = judge(slipping([5], no_ball), CAST, rollouts=1, ticks=10)
    assert judgement.tracked is not None
    assert judgement.tracked.ticks.tolist() == [4]
    assert judgement.overlap is not None
    assert judgement.overlap[-1] == pytest.approx(2 / 3)  # both paddles are still there


def test_the_summary_has_what_scripts_want() -> None:
    summary = summarise(judge(slipping([3, 999], one_pixel), CAST, rollouts=2, ticks=40))
    assert summary["exact_horizon"] == {"median": 21.0, "p10": pytest.approx(5.8), "censored": 1}
    assert list(summary["survival"]) == ["1", "3", "10", "30", "40"]
    assert summary["survival"]["1"] == 1.0
    assert summary["survival"]["40"] == 0.5


@pytest.mark.parametrize(("rollouts", "ticks"), [(0, 5), (5, 0)])
def test_nothing_to_judge(rollouts: int, ticks: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        judge(slipping([], one_pixel), CAST, rollouts, ticks)


def test_a_split_screen_turns_red_where_dream_and_truth_part() -> None:
    shown = dream_beside_truth(slipping([4, 999], one_pixel), CAST, 2, 8)
    assert shown.parted == [3, None]
    red = [(picture == (225, 45, 57)).all(2).sum() for picture in split_screen(shown)]
    assert red[2] == 0
    assert all(red[3:])
    both = split_screens([shown, shown])
    width = split_screen(shown)[0].shape[1]
    assert (both[3][:, :width] == both[3][:, -width:]).all()
    assert both[3].shape[1] == 2 * width + 8
    taller = split_screen(shown, differences=True)
    assert taller[0].shape[0] > split_screen(shown)[0].shape[0]
    late = (taller[5] == (225, 45, 57)).all(2)
    early = (taller[5][: split_screen(shown)[0].shape[0]] == (225, 45, 57)).all(2)
    assert late.sum() - early.sum() == 4 * 4  # the one wrong pixel, enlarged
