"""GRU engine: a hidden vector is the game, a renderer shows it.

Chiappa et al., "Recurrent environment simulators", ICLR 2017: open loop it is their action-only
setting; with feedback, their prediction-dependent one.
"""

from __future__ import annotations

from data_gen.game import GameSpec
from gameengine.cores import DilatedCore
from gameengine.engines.recurrent import RecurrentEngine


class GruEngine(RecurrentEngine):
    """width: size of the hidden vector of each layer. sight: width of the encoder and of the
    renderer. layers: GRUs above each other, each sees what the one below gives. feedback: the frame
    that was shown last is seen beside the actions. Raises ValueError for less than 1 layer.
    """

    def __init__(
        self,
        spec: GameSpec,
        width: int = 256,
        sight: int = 256,
        layers: int = 1,
        feedback: bool = False,
    ) -> None:
        if layers < 1:
            raise ValueError(f"layers must be at least 1, not {layers}")
        super().__init__(
            spec,
            lambda seen, start: DilatedCore(seen, start, width, [1] * layers),
            sight,
            feedback,
            width=width,
            layers=layers,
        )
