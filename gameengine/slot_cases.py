"""What may have become of a smooth sprite in a tick, of which the frames are known: all that the
networks of a slots engine hold for likely enough, from many hidden tokens at once."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gameengine.slot_nets import SlotNet
from gameengine.slot_variables import AFTER


class Cases:
    """Cases, M of them, each of which came from one of those at the beginning.

    tokens (M, 3, V): before, now and, as far as it was said, after. actions (P,) and the frame now
    (H, W) are those of all. came_from (M,): which of the first ones. likely (M,): logarithm of how
    likely all is that was said of the tick; cases below `least` are dropped.
    """

    def __init__(self, tokens: Tensor, actions: Tensor, frame: Tensor, least: float) -> None:
        self.tokens = tokens
        self.came_from = torch.arange(len(tokens))
        self.likely = torch.zeros(len(tokens))
        self._actions, self._frame, self._floor = actions, frame, math.log(least)

    def ask(self, net: SlotNet) -> Tensor:
        """What a network says of each case, (M, outputs)."""
        many = len(self.tokens)
        return net(self.tokens, self._actions.expand(many, -1), self._frame.expand(many, -1, -1))

    def fork(self, token: int, logits: Tensor, seen: int | None = None) -> Tensor:
        """Make a case for each value of a token after the tick that is likely enough, by logits
        (M, values), or only for the one that was `seen`. Returns which rows they came from."""
        said = logits.log_softmax(1)
        enough = self.likely[:, None] + said > self._floor
        if seen is not None:
            enough &= torch.arange(said.shape[1]) == seen
        rows, values = enough.nonzero(as_tuple=True)
        self.tokens, self.came_from = self.tokens[rows], self.came_from[rows]
        self.likely = self.likely[rows] + said[rows, values]
        self.tokens[:, AFTER, token] = values
        return rows
