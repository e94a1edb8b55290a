"""GRU engine: a hidden vector is the game, a renderer shows it. Open loop: it sees no frame after
the context, only the actions.

Chiappa et al., "Recurrent environment simulators", ICLR 2017, in the action-only setting.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from data_gen.game import GameSpec
from gameengine.engine import Context, Engine, Hidden, Prediction
from gameengine.frames import one_hot, one_hot_actions


class GruEngine(Engine):
    """width: size of the hidden vector. sight: width of the encoder and of the renderer."""

    def __init__(self, spec: GameSpec, width: int = 256, sight: int = 256) -> None:
        super().__init__(spec, width=width, sight=sight)
        _, height, frame_width = spec.shape
        colours, players = len(spec.colours), len(spec.players)
        choices = players * len(spec.actions)
        seen = spec.context * colours * height * frame_width + (spec.context - 1) * choices
        self.look = nn.Sequential(
            nn.Linear(seen + len(spec.description), sight),
            nn.ReLU(),
            nn.Linear(sight, width),
            nn.Tanh(),
        )
        self.cell = nn.GRU(choices, width, batch_first=True)
        self.draw = nn.Sequential(
            nn.Linear(width, sight),
            nn.ReLU(),
            nn.Linear(sight, colours * height * frame_width),
        )
        self.outcome = nn.Linear(width, players + 1)  # rewards and termination

    def encode(self, context: Context, description: Tensor) -> Hidden:
        frames = one_hot(context.frames, len(self.spec.colours)).flatten(1)  # (B, T0 * K * H * W)
        actions = one_hot_actions(context.actions, self.spec).flatten(1)
        return {"memory": self.look(torch.cat([frames, actions, description], 1))}

    def advance(self, hidden: Hidden, actions: Tensor) -> Hidden:
        chosen = one_hot_actions(actions[:, None], self.spec)  # (B, 1, P * A)
        _, last = self.cell(chosen, hidden["memory"][None])
        return {"memory": last[0]}

    def decode(self, hidden: Hidden) -> Prediction:
        return self._show(hidden["memory"])

    def see(self, hidden: Hidden, frames: Tensor) -> Hidden:
        return hidden

    def unroll(
        self, hidden: Hidden, actions: Tensor, frames: Tensor | None = None
    ) -> tuple[Prediction, Hidden]:
        memories, last = self.cell(one_hot_actions(actions, self.spec), hidden["memory"][None])
        return self._show(memories), {"memory": last[0]}

    def _show(self, memory: Tensor) -> Prediction:
        """memory (..., width) -> Prediction of the same leading axes."""
        size = (len(self.spec.colours), *self.spec.shape[1:])
        logits = self.draw(memory).unflatten(-1, size)  # (..., K, H, W)
        outcome = self.outcome(memory)
        return Prediction(logits, outcome[..., :-1], outcome[..., -1])
