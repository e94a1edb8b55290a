"""Deep GRU engine: a GRU that is stacked on the inside. The next hidden vector is a deep network of
the last one and the input; there is no pile of hidden vectors.

Pascanu et al., "How to construct deep recurrent neural networks", ICLR 2014.
"""

from __future__ import annotations

from data_gen.game import GameSpec
from gameengine.cores import DeepTransitionCore
from gameengine.engines.recurrent import RecurrentEngine


class DeepGruEngine(RecurrentEngine):
    """width: size of the hidden vector. breadth, depth: features and layers of the network that
    makes the next one. sight: width of the encoder and of the renderer. feedback: the frame that
    was shown last is seen beside the actions.
    """

    def __init__(
        self,
        spec: GameSpec,
        width: int = 256,
        breadth: int = 256,
        depth: int = 2,
        sight: int = 256,
        feedback: bool = False,
    ) -> None:
        super().__init__(
            spec,
            lambda seen, start: DeepTransitionCore(seen, start, width, breadth, depth),
            sight,
            feedback,
            width=width,
            breadth=breadth,
            depth=depth,
        )
