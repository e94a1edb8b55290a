"""Games made of kernels: three scalar functions and a table of names are a whole, fast game.

The state of a game is a row of int32 numbers. A game's file names the row's columns and writes
`begin`, `tick` and `draw` for one row (their signatures are in data_gen/kernels.py), so it reads as
the rules do; batches, buffers, threads and the players are dealt with here, once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_gen.driver import begin_all, draw_all, run_all, tick_all
from data_gen.game import Actions, Frames, GameSpec, Seeds, State, ready
from data_gen.players import Cast, Memory
from data_gen.registry import expert_of
from data_gen.rollout import FusedGame, Ticks
from data_gen.threads import in_parts


@dataclass(frozen=True)
class RowState(State):
    values: NDArray[np.int32]  # (B, F): the columns are named by the game


class KernelGame(FusedGame[RowState]):
    """A palette game from kernels.

    begin, tick, draw: kernels of the signatures BEGIN, TICK and DRAW. columns: names of the first
    values of a row. cells: how many unnamed ones follow, such as the squares of a board. rules:
    what the kernels get as `rules`. ends: names of the events that end a game (its state says
    `terminated` once; the next tick begins the next game).
    """

    def __init__(
        self,
        spec: GameSpec,
        begin: Any,
        tick: Any,
        draw: Any,
        *,
        columns: Sequence[str],
        cells: int = 0,
        rules: Sequence[int] = (),
        ends: Sequence[str] = (),
    ) -> None:
        self.spec = spec
        self.columns = tuple(columns)
        self._begin, self._tick, self._draw = begin, tick, draw
        self._row = len(columns) + cells
        self._rules = np.array([*rules, 0], np.int64)  # never empty
        assert set(ends) <= set(spec.events), f"{spec.name} has no events {ends}"
        self._ends = np.isin(spec.events, list(ends))  # (events,)

    def init(self, seeds: Seeds) -> RowState:
        batch = len(seeds)
        state = RowState(
            reward=np.zeros((batch, len(self.spec.players)), np.float32),
            terminated=np.zeros(batch, np.bool_),
            description=np.zeros((batch, len(self.spec.description)), np.float32),
            event=np.zeros(batch, np.uint8),
            values=np.zeros((batch, self._row), np.int32),
        )
        seeds = ready(seeds, np.uint64)
        begin_all(self._begin, self._rules, seeds, state.values, state.description)
        return state

    def step(self, state: RowState, actions: Actions) -> RowState:
        chosen, shape = ready(actions, np.uint8), (len(state.values), len(self.spec.players))
        if chosen.shape != shape:  # kernels would read what lies beyond
            raise ValueError(f"actions must be {shape} (B, P), not {chosen.shape}")
        values = state.values.copy()
        reward = np.empty(shape, np.float32)
        event = np.empty(len(values), np.uint8)
        tick_all(self._tick, self._rules, values, chosen, reward, event)
        return replace(
            state, reward=reward, terminated=self._ends[event], event=event, values=values
        )

    def render(self, state: RowState) -> Frames:
        frames = np.zeros((len(state.values), *self.spec.shape), np.uint8)
        draw_all(self._draw, self._rules, ready(state.values, np.int32), frames[:, 0])
        return frames

    def run(
        self, state: RowState, cast: Cast, memory: Memory, ticks: Ticks, threads: int = 1
    ) -> tuple[RowState, Memory]:
        """See FusedGame."""
        values = state.values.copy()
        after = memory | {"tick": memory["tick"].copy(), "seats": memory["seats"].copy()}
        seeds, policy = ready(memory["seeds"], np.uint64), ready(memory["policy"], np.uint8)
        frames = ticks.frames[:, :, 0]  # (B, T + 1, H, W)
        run = run_all(self.spec.name, self._tick, self._draw, expert_of(self.spec))

        def play(part: slice) -> None:
            run(
                self._rules,
                cast.table,
                self.spec.choices,
                seeds[part],
                after["tick"][part],
                policy[part],
                after["seats"][part],
                values[part],
                frames[part],
                ticks.actions[part],
                ticks.policy[part],
                ticks.reward[part],
                ticks.event[part],
            )

        in_parts(play, len(values), threads)
        ticks.actions[:, :, self.spec.taken :] = 0
        ticks.terminated[...] = self._ends[ticks.event]
        last = {"reward": ticks.reward, "terminated": ticks.terminated, "event": ticks.event}
        shown = {name: value[:, -1].copy() for name, value in last.items()}
        return replace(state, values=values, **shown), after
