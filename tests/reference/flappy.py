"""Flappy in plain NumPy, written from the rules in data_gen/games/flappy.py. Pipes are kept for
good, with where they are, so that nothing is shifted from place to place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_gen.game import Actions, Frames, Seeds, State
from data_gen.randomness import integers
from data_gen.registry import make_game

BIRD, PIPE, LIP, GROUND, SCORE, CRASHED = range(1, 7)  # colours
BIRD_COLUMNS = (6, 7)
PIPE_WIDTH = 4

VARIANTS: list[dict[str, Any]] = [
    {"gap": [8, 12, 20], "spacing": [12, 17, 32], "pipe_speed": [1, 2]},
    {"gravity": [1, 2], "flap": [2, 3], "pipe_speed": 2, "spacing": 21},
    {"size": (48, 64), "gap": [9, 36]},
    {"size": (33, 47), "pipe_speed": 2, "spacing": [12, 13]},
]


@dataclass(frozen=True)
class FlappyState(State):
    row: NDArray[np.int64]  # (B,): upper row of the bird
    velocity: NDArray[np.int64]  # (B,): px per tick, downwards
    pipes: NDArray[np.int64]  # (B, N): left columns, ascending; of the present round only
    gaps: NDArray[np.int64]  # (B, N): how much lower than possible each gap begins, px
    used: NDArray[np.int64]  # (B,): how many of the N pipes there are
    points: NDArray[np.int64]  # (B,)


class Reference:
    def __init__(self, **options: Any) -> None:
        self.spec = make_game("flappy", **options).spec
        self._height, self._width = self.spec.options["size"]

    def init(self, seeds: Seeds) -> FlappyState:
        batch = len(seeds)
        names = ("gap", "pipe_speed", "spacing", "gravity", "flap")
        values = [np.array(self.spec.options[name]) for name in names]
        drawn = [chosen[integers(len(chosen), seeds, n)] for n, chosen in enumerate(values)]
        quarter = self._height // 4
        return FlappyState(
            reward=np.zeros((batch, 1), np.float32),
            terminated=np.zeros(batch, np.bool_),
            description=np.stack(drawn, 1).astype(np.float32),
            event=np.zeros(batch, np.uint8),
            row=quarter + integers(2 * quarter, seeds, 5),
            velocity=np.zeros(batch, np.int64),
            pipes=np.full((batch, 1), self._width - PIPE_WIDTH),
            gaps=integers(self._places(drawn[0]), seeds, 6)[:, None],
            used=np.ones(batch, np.int64),
            points=np.zeros(batch, np.int64),
        )

    def step(self, state: FlappyState, actions: Actions) -> FlappyState:
        gap, speed, spacing, gravity, flap = state.description.astype(np.int64).T
        items, again = np.arange(len(gap)), state.terminated
        following = self._next_gap(state)

        velocity = np.where(actions[:, 0] == 1, -flap, np.minimum(state.velocity + gravity, 3))
        row = state.row + velocity
        at_top = row <= 1
        row, velocity = np.where(at_top, 1, row), np.where(at_top, 0, velocity)

        # One more place for the pipe that may come in; beyond `used` nothing is there.
        pipes = np.pad(state.pipes, ((0, 0), (0, 1))) - speed[:, None]
        gaps = np.pad(state.gaps, ((0, 0), (0, 1)))
        entering = pipes[items, state.used - 1] + spacing
        enters = entering < self._width
        pipes[items, state.used], gaps[items, state.used] = entering, following
        used = state.used + enters
        there = np.arange(pipes.shape[1]) < used[:, None]

        end = pipes + PIPE_WIDTH
        meets = there & (pipes <= BIRD_COLUMNS[1]) & (end > BIRD_COLUMNS[0])
        first = 3 + gaps  # rows of the gaps
        last = first + gap[:, None] - 1
        outside = (row[:, None] < first) | (row[:, None] + 1 > last)
        grounded = row + 1 >= self._height - 1
        crash = (meets & outside).any(1) | grounded
        row = np.where(grounded, self._height - 3, row)
        behind = end <= BIRD_COLUMNS[0]
        was_behind = end + speed[:, None] <= BIRD_COLUMNS[0]
        passes = (there & behind & ~was_behind).any(1) & ~crash

        pipes[again, 0], gaps[again, 0] = self._width - PIPE_WIDTH, following[again]
        used = np.where(again, 1, used)
        event = np.where(crash, 2, np.where(passes, 1, 0))
        event = np.where(again, 3, event)
        return replace(
            state,
            reward=((event == 1) * 1.0 - (event == 2))[:, None].astype(np.float32),
            terminated=event == 2,
            event=event.astype(np.uint8),
            row=np.where(again, self._height // 2 - 1, row),
            velocity=np.where(again, 0, velocity),
            pipes=pipes[:, : used.max()],
            gaps=gaps[:, : used.max()],
            used=used,
            points=np.where(again, 0, (state.points + passes) % 10),
        )

    def render(self, state: FlappyState) -> Frames:
        batch = len(state.row)
        frames = np.zeros((batch, 1, self._height, self._width), np.uint8)
        rows = np.arange(self._height)[:, None]
        columns = np.arange(self._width)
        gap = state.description[:, 0].astype(np.int64)
        for number in range(state.pipes.shape[1]):
            left = state.pipes[:, number, None, None]  # (B, 1, 1)
            first = 3 + state.gaps[:, number, None, None]
            after = first + gap[:, None, None]
            there = (number < state.used)[:, None, None]
            wall = there & (columns >= left) & (columns < left + PIPE_WIDTH)  # (B, 1, W)
            frames[:, 0][wall & ((rows < first) | (rows >= after))] = PIPE
            frames[:, 0][wall & ((rows == first - 1) | (rows == after))] = LIP
        frames[:, :, -1] = GROUND
        pips = (columns % 2 == 1) & (columns // 2 < state.points[:, None])  # (B, W)
        frames[:, 0, 0] = pips * np.uint8(SCORE)
        colour = np.where(state.terminated, CRASHED, BIRD)
        for item in range(batch):
            frames[item, 0, state.row[item] : state.row[item] + 2, 6:8] = colour[item]
        return frames

    def _places(self, gap: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many places a gap can have: 2 rows of pipe are left above and below it."""
        return self._height - 2 - 4 - gap + 1

    def _next_gap(self, state: FlappyState) -> NDArray[np.int64]:
        """Where the gap of the next pipe is: off the last one by no more than there are ticks
        between two pipes, and mirrored at the ends."""
        gap, speed, spacing = state.description[:, :3].astype(np.int64).T
        last = state.gaps[np.arange(len(gap)), state.used - 1]
        lowest = self._places(gap) - 1
        reach = np.minimum((spacing - PIPE_WIDTH - 2) // speed, lowest)
        wanted = last - reach + (13 * last + 5 * state.points + 4) % (2 * reach + 1)
        return lowest - np.abs(lowest - np.abs(wanted))
