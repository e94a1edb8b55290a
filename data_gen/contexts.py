"""Every context that a finite game can show: all that may be seen before an action.

With a context of one frame these are the states (data_gen/reachable.py). With two they are the
pairs of what the frame before showed and the state now, of every state and every action in it.
Several states before may look the same and lead to the same state now: such a pair counts once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_gen.errors import UserError
from data_gen.game import Frames
from data_gen.kernel_game import RowState
from data_gen.reachable import Reachable, joint_actions

_PART = 8192  # states at once
_SIZE = 1024  # contexts of a block, about
_BLOCKS = 16  # that are counted at once


@dataclass(frozen=True)
class Contexts:
    """B contexts of T0 true frames each, and the states that the last ones show.

    origin (B, 2): the number of the state that the first frame shows, and which of the joint
    actions (the rows of `joint_actions`) was chosen in it; 0 where nothing was.
    """

    frames: NDArray[np.uint8]  # (B, T0, C, H, W)
    between: NDArray[np.uint8]  # (B, T0 - 1, P)
    state: RowState
    origin: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.origin)


def contexts_of(
    states: Reachable, numbers: NDArray[np.int64], moves: NDArray[np.int64]
) -> Contexts:
    """Contexts that begin in the states `numbers` (B,), in which the joint actions `moves` (B,) are
    chosen; with one frame nothing is chosen yet. Raises UserError for more than two frames."""
    game, state = states.game, states.state(numbers)
    shown = [game.render(state)]
    between = np.zeros((len(numbers), 0, len(game.spec.players)), np.uint8)
    if game.spec.context == 2:
        between = joint_actions(game.spec)[moves][:, None]
        state = game.step(state, between[:, 0])
        shown.append(game.render(state))
    elif game.spec.context > 2:
        raise UserError(f"contexts of {game.spec.context} frames cannot be listed, only 1 or 2")
    else:
        moves = np.zeros_like(moves)
    return Contexts(np.stack(shown, 1), between, state, np.stack([numbers, moves], 1))


class AllContexts:
    """All contexts of a game, in blocks. Those of a block may be asked for in any order, and are
    the same in every process.

    With two frames the states before are gone through in an order that puts those that look alike
    beside each other, so that what counts once is found within a block. progress is told how many
    of the states were looked at.
    """

    def __init__(
        self, states: Reachable, progress: Callable[[int], Any] = lambda count: None
    ) -> None:
        self._states = states
        self._moves = joint_actions(states.game.spec)
        if states.game.spec.context == 1:
            self._order: NDArray[np.int64] | None = None
            ends = np.arange(0, len(states), _SIZE)[1:]
        else:
            looks = _looks(states, progress)
            self._order = np.argsort(looks, kind="stable")
            looks = looks[self._order]
            wanted = np.arange(0, len(states), max(1, _SIZE // len(self._moves)))[1:]
            ends = np.searchsorted(looks, looks[wanted - 1], "right")  # not between equal ones
        self._cuts = np.unique(np.concatenate([[0], ends, [len(states)]]))

    def __len__(self) -> int:
        """How many blocks there are."""
        return len(self._cuts) - 1

    def block(self, number: int) -> Contexts:
        return contexts_of(self._states, *self._origins(number, number + 1))

    def count(self, progress: Callable[[int], Any] = lambda count: None) -> int:
        """How many contexts there are. progress is told how many states were looked at."""
        if self._order is None:
            return len(self._states)
        total = 0
        for first in range(0, len(self), _BLOCKS):
            last = min(first + _BLOCKS, len(self))
            total += len(self._origins(first, last)[0])
            progress(int(self._cuts[last] - self._cuts[first]))
        return total

    def _origins(self, first: int, last: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """States before (B,) and joint actions (B,) that lead to the contexts of the blocks `first`
        to `last` - 1."""
        part = slice(self._cuts[first], self._cuts[last])
        if self._order is None:
            before = np.arange(part.start, part.stop)
            return before, np.zeros_like(before)
        states, choices = self._states, len(self._moves)
        before = self._order[part]
        frames = states.game.render(states.state(before))
        # Those with one look stand together. Should two looks share a number, some contexts would
        # count twice; none is left out.
        other = (frames[1:] != frames[:-1]).any((1, 2, 3))
        look = np.concatenate([[0], np.cumsum(other)]).repeat(choices)
        before, moves = before.repeat(choices), np.tile(np.arange(choices), len(before))
        _, now = states.after(before, self._moves[moves])
        columns = [look, *now.T]
        order = np.lexsort(columns)
        fresh = np.zeros(len(order), np.bool_)
        fresh[:1] = True
        for column in columns:
            fresh[1:] |= column[order[1:]] != column[order[:-1]]
        once = np.sort(order[fresh])
        return before[once], moves[once]


def _looks(states: Reachable, progress: Callable[[int], Any]) -> NDArray[np.uint64]:
    """A number (N,) for what each state shows, hardly ever the same for two looks."""
    looks = np.empty(len(states), np.uint64)
    for begin in range(0, len(states), _PART):
        part = np.arange(begin, min(begin + _PART, len(states)))
        looks[part] = _number(states.game.render(states.state(part)))
        progress(len(part))
    return looks


def _number(frames: Frames) -> NDArray[np.uint64]:
    flat = frames.reshape(len(frames), -1)  # (B, C * H * W)
    words = np.pad(flat, ((0, 0), (0, -flat.shape[1] % 8))).view(np.uint64)
    factors = np.random.default_rng(0).integers(1 << 63, size=words.shape[1], dtype=np.uint64)
    return words @ (2 * factors + np.uint64(1))  # modulo 2^64
