"""Dilated engine: recurrent layers that look back 1, 2, 4, 8 ticks, so that the high ones hold what
changes slowly.

Chang et al., "Dilated recurrent neural networks", NIPS 2017.
"""

from __future__ import annotations

from collections.abc import Sequence

from data_gen.game import GameSpec
from gameengine.cores import Cell, DilatedCore
from gameengine.engines.recurrent import RecurrentEngine


class DilatedEngine(RecurrentEngine):
    """width: size of each layer's hidden vector. dilations: how many ticks back each layer finds
    its own last one, the lowest layer first; any numbers from 1 on. cell: of all layers. sight:
    width of the encoder and of the renderer. feedback: the frame that was shown last is seen beside
    the actions.
    """

    def __init__(
        self,
        spec: GameSpec,
        width: int = 128,
        dilations: Sequence[int] = (1, 2, 4, 8),
        cell: Cell = "gru",
        sight: int = 256,
        feedback: bool = False,
    ) -> None:
        super().__init__(
            spec,
            lambda seen, start: DilatedCore(seen, start, width, dilations, cell),
            sight,
            feedback,
            width=width,
            dilations=list(dilations),
            cell=cell,
        )
        self.least_ticks = max(dilations) + 1  # before, the highest layer begins anew each tick
