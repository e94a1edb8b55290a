"""Catch in plain NumPy, written from the rules in data_gen/games/catch.py: its tests' oracle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_gen.game import Actions, Frames, Seeds, State
from data_gen.randomness import integers
from data_gen.registry import make_game

VARIANTS: list[dict[str, Any]] = [
    {"size": (20, 20)},
    {"size": (24, 45), "basket_width": 12, "fall_speed": 3},
    {"size": (47, 21), "basket_width": 3, "bombs": 0},
    {"basket_width": [3, 5, 8, 12], "fall_speed": [1, 2, 3], "bombs": [0, 1, 2, 3]},
]

Ints = NDArray[np.int64]  # (B,)
Truths = NDArray[np.bool_]  # (B,)


@dataclass(frozen=True)
class CatchState(State):
    width: Ints  # of the basket, px
    speed: Ints  # of the fall, px per tick
    bombs: Ints  # 0 to 3
    basket: Ints  # left column
    lane: Ints  # of what falls
    row: Ints  # its top one
    bomb: Truths  # whether it is one
    score: Ints  # pips


class Reference:
    def __init__(
        self,
        size: Sequence[int] = (32, 32),
        basket_width: int | Sequence[int] = 6,
        fall_speed: int | Sequence[int] = 1,
        bombs: int | Sequence[int] = 1,
    ) -> None:
        self.spec = make_game(
            "catch", size=size, basket_width=basket_width, fall_speed=fall_speed, bombs=bombs
        ).spec
        self.height, self.width = size
        lanes = (self.width - 2) // 3
        self.middles = (self.width - 3 * lanes) // 2 + 1 + 3 * np.arange(lanes)  # (lanes,) columns

    def init(self, seeds: Seeds) -> CatchState:
        batch = len(seeds)
        parameters = [
            np.array(self.spec.options[name])[integers(len(self.spec.options[name]), seeds, stream)]
            for stream, name in enumerate(("basket_width", "fall_speed", "bombs"))
        ]
        width, speed, bombs = parameters
        basket = 2 * integers((self.width - width) // 2 + 1, seeds, 3)
        within = self._in_reach(basket, width, speed)  # (B, lanes)
        return CatchState(
            reward=np.zeros((batch, 1), np.float32),
            terminated=np.zeros(batch, np.bool_),
            description=np.stack(parameters, 1).astype(np.float32),
            event=np.zeros(batch, np.uint8),
            width=width,
            speed=speed,
            bombs=bombs,
            basket=basket,
            lane=within.argmax(1) + integers(within.sum(1), seeds, 4),
            row=np.ones(batch, np.int64),
            bomb=np.zeros(batch, np.bool_),
            score=np.zeros(batch, np.int64),
        )

    def step(self, state: CatchState, actions: Actions) -> CatchState:
        basket = state.basket + np.array([0, -2, 2])[actions[:, 0]]
        basket = np.clip(basket, 0, self.width - state.width)
        row = state.row + state.speed
        landed = row + 2 > self.height - 1  # its lowest row would be below the ground
        beside = self.middles[state.lane] - basket
        caught = landed & (beside >= 0) & (beside < state.width)

        good = caught & ~state.bomb
        burnt = caught & state.bomb
        missed = landed & ~caught & ~state.bomb
        dodged = landed & ~caught & state.bomb
        score = np.maximum(state.score + good - (burnt | missed), 0)
        clear = score == 8
        score[clear] = 0
        happened = [clear, good, missed, burnt, dodged]
        numbers = [self.spec.events.index(n) for n in ("clear", "catch", "miss", "burnt", "dodge")]
        fallen = replace(
            state,
            reward=(1.0 * good - (burnt | missed)).astype(np.float32)[:, None],
            terminated=clear,
            event=np.select(happened, numbers, 0).astype(np.uint8),
            basket=basket,
            row=row,
            score=score,
        )
        return self._next(fallen, landed)

    def _next(self, state: CatchState, landed: Truths) -> CatchState:
        """Where something has landed, the next one has appeared at the top."""
        within = self._in_reach(state.basket, state.width, state.speed)  # (B, lanes)
        count, first = within.sum(1), within.argmax(1)
        onward = 1 + (3 * state.lane + 5 * state.score + state.basket) % (count - 1)
        lane = first + (state.lane - first + onward) % count
        bomb = ~state.bomb & ((lane + 3 * state.score) % 4 < state.bombs)
        return replace(
            state,
            lane=np.where(landed, lane, state.lane),
            row=np.where(landed, 1, state.row),
            bomb=np.where(landed, bomb, state.bomb),
        )

    def _in_reach(self, basket: Ints, width: Ints, speed: Ints) -> NDArray[np.bool_]:
        """Lanes whose middle can be over the basket by the time that a fruit, which now appears,
        has landed: (B, lanes)."""
        lowest = self.height - 3  # row of a fruit on the ground; it appears in row 1
        ticks = (lowest - 1) // speed + 1
        left, right = basket - 2 * ticks, basket + width - 1 + 2 * ticks
        return (left[:, None] <= self.middles) & (self.middles <= right[:, None])

    def render(self, state: CatchState) -> Frames:
        batch = len(state.basket)
        frames = np.zeros((batch, self.height, self.width), np.uint8)
        rows, columns = np.arange(self.height)[:, None], np.arange(self.width)
        colour = {name: index for index, name in enumerate(self.spec.colours)}

        def paint(where: NDArray[np.bool_], colours: Ints | int) -> None:
            frames[where] = np.broadcast_to(colours, (batch,))[np.nonzero(where)[0]]

        def each(values: Ints) -> NDArray[np.int64]:
            return values[:, None, None]  # beside (B, H, W)

        pips = (rows == 0) & (columns % 2 == 1) & (columns < 2 * each(state.score))
        paint(pips, colour["score"])
        below, beside = rows - each(state.row), columns - each(self.middles[state.lane])
        fruits = np.array([colour[name] for name in ("apple", "lemon", "plum")])
        body = np.where(state.bomb, colour["bomb"], fruits[state.score % 3])
        paint((np.abs(beside) <= 1) & ((below == 1) | (below == 2)), body)
        paint((beside == 0) & (below == 0), np.where(state.bomb, colour["spark"], colour["leaf"]))
        along = columns - each(state.basket)
        in_basket = (along >= 0) & (along < each(state.width))
        at_an_end = (along == 0) | (along == each(state.width) - 1)
        paint(in_basket & (rows == self.height - 1), colour["basket"])
        paint(in_basket & at_an_end & (rows == self.height - 2), colour["basket"])
        return frames[:, None]
