"""What an engine can do without: of many things, which to drop, and when that is bearable."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from torch import Tensor

BEARABLE = 0.01  # loss that an engine soon gets over, when it has to do without what it looked at


def bearable(loss: float, before: float) -> bool:
    """Whether an engine soon gets over a loss, which was `before` when nothing was dropped."""
    return loss <= max(2 * before, BEARABLE)


def drop_from(kept: Sequence[Tensor], surprise: Callable[[], tuple[float, int]]) -> int:
    """Set to 0 what nothing depends on, of `kept`, vectors with 1 for each thing that counts:
    without which, one after another, the least telling first, no more becomes wrong, and the loss
    stays bearable. surprise: the loss, and how much is wrong, as things are. Returns how many
    things were dropped."""
    before, wrong = surprise()
    things = [(vector, place) for vector in kept for place in vector.nonzero().flatten().tolist()]
    losses: list[float] = []
    for vector, place in things:
        vector[place] = 0.0
        losses.append(surprise()[0])
        vector[place] = 1.0
    for number in np.argsort(losses):
        vector, place = things[number]
        vector[place] = 0.0
        loss, now_wrong = surprise()
        if not bearable(loss, before) or now_wrong > wrong:
            vector[place] = 1.0
    return sum(int(vector[place] == 0) for vector, place in things)
