"""The ball and the paddle of Garden: one of its two parts, which knows of the other one what it
sees, and no more."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data_gen.game import Actions, Seeds, State
from data_gen.randomness import integers

NONE, LEFT, RIGHT = range(3)
BALL_EVENTS = ("plain", "hit", "sow", "return", "miss")
PLAIN, HIT, SOW, RETURN, MISS = range(5)

SOWN = 1  # row; what is sown at the edge itself soon dies, and nothing grows any more
Places = NDArray[np.int64]  # (B, 2): rows and columns, -1 for nowhere


@dataclass(frozen=True)
class BallState(State):
    row: NDArray[np.int64]  # (B,)
    column: NDArray[np.int64]  # (B,)
    down: NDArray[np.int64]  # (B,): 1, or -1 upwards, px per tick
    right: NDArray[np.int64]  # (B,): 1, or -1 to the left, px per tick
    paddle: NDArray[np.int64]  # (B,): its left column


class Ball:
    """A ball in frames of (height, width), of which the lowest `alley` rows are empty, and a paddle
    in the last row."""

    def __init__(self, height: int, width: int, alley: int, paddle_width: int) -> None:
        self.paddle_width = paddle_width
        self._height, self._width, self._alley = height, width, alley

    def init(self, seeds: Seeds) -> BallState:
        """It begins at the top of the alley, upwards, anywhere; the paddle below it or near."""
        batch = len(seeds)
        return BallState(
            reward=np.zeros((batch, 1), np.float32),
            terminated=np.zeros(batch, np.bool_),
            description=np.zeros((batch, 0), np.float32),
            event=np.zeros(batch, np.uint8),
            row=np.full(batch, self._height - self._alley),
            column=integers(self._width, seeds, 0xBA11, 0),
            down=np.full(batch, -1),
            right=2 * integers(2, seeds, 0xBA11, 1) - 1,
            paddle=integers(self._width - self.paddle_width + 1, seeds, 0xBA11, 2),
        )

    def step(
        self, state: BallState, actions: Actions, seen: NDArray[np.bool_]
    ) -> tuple[BallState, Places]:
        """One tick. seen (B, 3, 3): which cells around the ball live. Returns the state after it
        and the place that was touched: what threw the ball back, or right below the upper edge.

        What lives ahead, beside or above, turns the ball that way; the corner turns it back if both
        are free. Edges turn it as well, last of all; so it always moves by one diagonal step, into
        living cells if it must, and its last two places tell where it goes.
        """
        chosen = actions[:, 0].astype(np.int64)
        moved = state.paddle + (chosen == RIGHT) - (chosen == LEFT)
        paddle = moved.clip(0, self._width - self.paddle_width)

        row, column, down, right = state.row, state.column, state.down, state.right
        item = np.arange(len(row))
        ahead, beside = seen[item, 1 + down, 1], seen[item, 1, 1 + right]
        corner = seen[item, 1 + down, 1 + right] & ~ahead & ~beside
        turns_down, turns_right = ahead | corner, beside | corner
        hit = turns_down | turns_right
        touched = np.stack([row + down * turns_down, column + right * turns_right], 1)

        right = np.where(turns_right, -right, right)
        right = np.where((column + right < 0) | (column + right >= self._width), -right, right)
        down = np.where(turns_down, -down, down)
        sows, landed = row + down < 0, row + down >= self._height
        touched = np.where(hit[:, None], touched, np.stack([row * 0 + SOWN, column], 1))
        touched = np.where((hit | sows)[:, None], touched, -1)

        falls = row + down == self._height - 1
        over = [
            (paddle <= at) & (at < paddle + self.paddle_width) for at in (column, column + right)
        ]
        returns = falls & (over[0] | over[1])
        down = np.where(sows | landed | returns, -down, down)
        misses = falls & ~returns
        event = np.select([returns, misses, hit, sows], [RETURN, MISS, HIT, SOW], PLAIN)
        reward = (event == HIT) * 1.0 - (event == MISS)
        after = replace(
            state,
            reward=reward[:, None].astype(np.float32),
            event=event.astype(np.uint8),
            row=row + down,
            column=column + right,
            down=down,
            right=right,
            paddle=paddle,
        )
        return after, touched
