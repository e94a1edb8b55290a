"""Sliders that change which game a hyper engine plays, while it is played."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from gameengine.engines.hyper import EMBEDDING, HyperEngine
from gameengine.learned_game import DreamState
from gameengine.sliders import Slider

DIRECTIONS = 3  # of the embedding space, at most
FAR = 3.0  # spreads of the known games that a slider goes to each side


class Tuner:
    """other (E,): the embedding of a game called `name` that the first slider goes to. The others
    go along the principal directions of the embeddings of the training's games.

    Raises ValueError for an embedding of another size than the engine's.
    """

    def __init__(self, engine: HyperEngine, other: Tensor | None = None, name: str = "") -> None:
        self._engine, self._other = engine, other
        self.sliders: list[Slider] = []
        if other is not None:
            if len(other) != engine.embedding.size:
                raise ValueError(
                    f"the games have embeddings of {engine.embedding.size} and {len(other)} numbers"
                )
            self.sliders.append(Slider(f"to {name}", 0.0, 1.0))
        self._directions = principal_directions(engine)[:DIRECTIONS]  # (n, E)
        for number in range(1, 1 + len(self._directions)):
            self.sliders.append(Slider(f"direction {number}", -FAR, FAR))

    def apply(self, state: DreamState) -> DreamState:
        """The dream goes on from where it is, as the game that the sliders say."""
        with torch.inference_mode():
            there = self._engine.embedding(torch.from_numpy(state.description))  # (B, E)
            values = torch.tensor([slider.value for slider in self.sliders])
            if self._other is not None:
                there = torch.lerp(there, self._other.expand_as(there), values[0])
                values = values[1:]
            there = there + values @ self._directions
            return replace(state, hidden=state.hidden | {EMBEDDING: there})


def principal_directions(engine: HyperEngine) -> Tensor:
    """The directions in which the embeddings of the training's games differ most, each as long as
    their spread along it: (n, E), n at most E and one less than there are games."""
    known = engine.embedding.of_known_games()
    centred = known - known.mean(0)
    _, spreads, directions = torch.linalg.svd(centred, full_matrices=False)
    there = spreads > 1e-4 * max(1.0, float(spreads.max()))
    return (directions * spreads[:, None] / len(known) ** 0.5)[there]
