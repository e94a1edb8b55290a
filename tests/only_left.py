"""An engine whose state and influences are known, to test what is found out about engines."""

from __future__ import annotations

import torch
from torch import Tensor

from data_gen.registry import make_game
from gameengine.engine import Context, Engine, Hidden, Prediction, unroll_by_ticks

PONG = make_game("pong").spec
LEFT = PONG.colours.index("left paddle")


class OnlyLeft(Engine):
    """Knows the rules of Pong's left paddle and nothing else. Its state: the paddle's place, hidden
    in three numbers, and a number that nothing depends on."""

    mix = torch.tensor([[0.7, -1.3, 0.4]])

    def encode(self, context: Context, description: Tensor) -> Hidden:
        rows = (context.frames[:, -1, 0] == LEFT).any(2)  # (B, H)
        place = rows.float().argmax(1) - 1.0  # below the row of the score
        return self._hidden(place, torch.rand(len(place), 1))

    def advance(self, hidden: Hidden, actions: Tensor) -> Hidden:
        names = PONG.actions
        move = (actions[:, 0] == names.index("down")).float()
        move = move - (actions[:, 0] == names.index("up")).float()
        return self._hidden((self._place(hidden) + 2 * move).clamp(0, 24), hidden["idle"])

    def decode(self, hidden: Hidden) -> Prediction:
        middle = self._place(hidden) + 1 + 3  # of the paddle's 7 rows
        near = 3.5 - (torch.arange(32) - middle[:, None]).abs()  # (B, H)
        logits = torch.zeros(len(near), len(PONG.colours), 32, 32)
        logits[:, LEFT, :, 1:3] = 4 * near[:, :, None]
        return Prediction(logits, torch.zeros(len(near), 2), torch.zeros(len(near)))

    def see(self, hidden: Hidden, frames: Tensor) -> Hidden:
        return hidden

    def unroll(
        self, hidden: Hidden, actions: Tensor, frames: Tensor | None = None
    ) -> tuple[Prediction, Hidden]:
        return unroll_by_ticks(self, hidden, actions)

    def _hidden(self, place: Tensor, idle: Tensor) -> Hidden:
        return {"state": (place[:, None] - 5) @ self.mix, "idle": idle}

    def _place(self, hidden: Hidden) -> Tensor:
        return hidden["state"][:, 0] / 0.7 + 5
