"""Engines that know a game by heart, but for as many transitions as a test wants wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from walk import GO, TURN, after, all_states, walk

from data_gen.game import GameSpec
from data_gen.kernel_game import KernelGame
from data_gen.reachable import joint_actions, reachable
from gameengine.engine import Context, Engine, Hidden, Prediction, unroll_by_ticks
from gameengine.frames import certain_logits


class Copy(Engine):
    """The truth, by heart: `table` holds the next frame after a context and an action. Wrong in the
    last pixel after those in `wrong`."""

    memoryless = True

    def __init__(self, spec: GameSpec, table: dict[bytes, np.ndarray], wrong: set[bytes]) -> None:
        super().__init__(spec)
        self.table, self.wrong, self.asked = table, wrong, 0

    def encode(self, context: Context, description: Tensor) -> Hidden:
        return {"frames": context.frames}

    def advance(self, hidden: Hidden, actions: Tensor) -> Hidden:
        shown = []
        for frames, action in zip(hidden["frames"].numpy(), actions.numpy(), strict=True):
            seen = question(frames, action)
            shown.append(self.table[seen].copy())
            if seen in self.wrong:
                shown[-1][..., -1, -1] ^= 1
        self.asked += len(shown)
        after = torch.from_numpy(np.stack(shown))[:, None]  # (B, 1, C, H, W)
        return {"frames": torch.cat([hidden["frames"][:, 1:], after], 1)}

    def decode(self, hidden: Hidden) -> Prediction:
        logits = certain_logits(hidden["frames"][:, -1], len(self.spec.colours))
        nothing = torch.zeros(len(logits), len(self.spec.players))
        return Prediction(logits, nothing, nothing[:, 0] - 10)

    def see(self, hidden: Hidden, frames: Tensor) -> Hidden:
        return hidden

    def unroll(self, hidden: Hidden, actions: Tensor, frames: Tensor | None = None) -> Any:
        return unroll_by_ticks(self, hidden, actions, frames)


def question(frames: np.ndarray, action: Any) -> bytes:
    return frames.tobytes() + bytes(np.asarray(action, np.uint8))


def walk_by_heart() -> dict[bytes, tuple[np.ndarray, str]]:
    """Next frame and event of all transitions of the walk, by its rules in Python."""
    game, known = walk(), {}
    state = game.init(np.zeros(1, np.uint64))

    def frame(row: tuple[int, int, int]) -> np.ndarray:
        shown = type(state)(
            state.reward,
            state.terminated,
            state.description,
            state.event,
            values=np.array([row], np.int32),
        )
        return game.render(shown)[0]

    for before in all_states():
        for first in (GO, TURN):
            now, _ = after(before, first)
            for second in (GO, TURN):
                then, event = after(now, second)
                seen = question(np.stack([frame(before), frame(now)]), [second])
                assert seen not in known or known[seen][1] == event
                known[seen] = frame(then), event
    return known


def copy_of_walk(wrong: int = 0, seed: int = 0) -> tuple[Copy, dict[str, int]]:
    """An engine with so many wrong transitions, and how many of them are of each event."""
    known = walk_by_heart()
    chosen = np.random.default_rng(seed).choice(len(known), wrong, replace=False)
    flawed = [sorted(known)[number] for number in chosen]
    counts = dict.fromkeys(walk().spec.events, 0)
    for seen in flawed:
        counts[known[seen][1]] += 1
    table = {seen: frame for seen, (frame, _) in known.items()}
    return Copy(walk().spec, table, set(flawed)), counts


def catch_by_heart(game: KernelGame, wrong: int) -> Copy:
    states = reachable(game)
    state = states.state(np.arange(len(states)))
    seen, table = game.render(state), {}
    for action in joint_actions(game.spec):
        then = game.render(game.step(state, np.tile(action, (len(states), 1))))
        table |= {question(a[None], action): b for a, b in zip(seen, then, strict=True)}
    return Copy(game.spec, table, set(sorted(table)[:wrong]))
