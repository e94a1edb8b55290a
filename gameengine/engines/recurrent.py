"""What the recurrent engines share: sight, a sequence model (the core), and a renderer.

Open loop, the core sees only the actions after the context. With feedback it also sees the frame
that was shown last, snapped to palette indices, so that errors below one half vanish.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from data_gen.game import GameSpec
from gameengine.cores import Core
from gameengine.engine import Context, Engine, Hidden, Prediction, unroll_by_ticks
from gameengine.frames import certain_logits, one_hot_actions, snap
from gameengine.sight import Renderer, Sight


class RecurrentEngine(Engine):
    """Interface of engines with a core, which their classes supply.

    make_core: the core for so many features of an input and of the vector that the state begins
    with. sight: width of the encoder and of the renderer. feedback: whether the core sees the frame
    that was shown last, beside the actions.

    The hidden state is the core's, with what was shown last: "logits", "outcome" and, with
    feedback, "frame".
    """

    def __init__(
        self,
        spec: GameSpec,
        make_core: Callable[[int, int], Core],
        sight: int,
        feedback: bool,
        **options: Any,
    ) -> None:
        super().__init__(spec, sight=sight, feedback=feedback, **options)
        self.reads_frames = feedback
        self._colours = len(spec.colours)
        _, height, columns = spec.shape
        choices, players = len(spec.players) * len(spec.actions), len(spec.players)
        told = (spec.context - 1) * choices + len(spec.description)
        self.look = Sight(height * columns, self._colours, spec.context, sight)
        self.hear = nn.Linear(told, sight, bias=False) if told else None
        self.glance = Sight(height * columns, self._colours, 1, sight) if feedback else None
        self.core = make_core(choices + (sight if feedback else 0), sight)
        self.draw = Renderer(self.core.width, sight, (self._colours, height, columns), feedback)
        self.outcome = nn.Linear(self.core.width, players + 1)  # rewards and termination

    def encode(self, context: Context, description: Tensor) -> Hidden:
        features = self.look(context.frames)
        if self.hear is not None:
            actions = one_hot_actions(context.actions, self.spec).flatten(1)
            features = features + self.hear(torch.cat([actions, description], 1))
        frame = context.frames[:, -1]
        nothing = torch.zeros(len(frame), len(self.spec.players) + 1, device=frame.device)
        shown = {"logits": certain_logits(frame, self._colours), "outcome": nothing}
        return self.see(self.core.begin(features.relu()) | shown, frame)

    def advance(self, hidden: Hidden, actions: Tensor) -> Hidden:
        before = hidden.get("frame")
        output, memory = self.core.step(self._seen(actions, before), hidden)
        after = memory | self._shown(output, before)
        return self.see(after, snap(after["logits"])) if self.reads_frames else after

    def decode(self, hidden: Hidden) -> Prediction:
        return _prediction(hidden)

    def see(self, hidden: Hidden, frames: Tensor) -> Hidden:
        return hidden | {"frame": frames} if self.reads_frames else hidden

    def unroll(
        self, hidden: Hidden, actions: Tensor, frames: Tensor | None = None
    ) -> tuple[Prediction, Hidden]:
        before = None
        if self.reads_frames:
            if frames is None:
                return unroll_by_ticks(self, hidden, actions)
            before = torch.cat([hidden["frame"][:, None], frames[:, :-1]], 1)  # (B, T, 1, H, W)
        outputs, memory = self.core.run(self._seen(actions, before), hidden)
        shown = self._shown(outputs, before)
        after = memory | {name: value[:, -1] for name, value in shown.items()}
        return _prediction(shown), after if frames is None else self.see(after, frames[:, -1])

    def _seen(self, actions: Tensor, before: Tensor | None) -> Tensor:
        """actions (..., P), the frames before them (..., 1, H, W) -> input of the core (..., F)."""
        chosen = one_hot_actions(actions, self.spec)
        if self.glance is None or before is None:
            return chosen
        glance = self.glance(before.flatten(0, -4)[:, None]).relu()
        return torch.cat([chosen, glance.view(*chosen.shape[:-1], -1)], -1)

    def _shown(self, output: Tensor, before: Tensor | None) -> Hidden:
        """output (..., width) of the core, frames before (..., 1, H, W) -> logits (..., K, H, W)
        and outcome (..., P + 1), float32."""
        return {"logits": self.draw(output, before), "outcome": self.outcome(output).float()}


def _prediction(shown: Hidden) -> Prediction:
    return Prediction(shown["logits"], shown["outcome"][..., :-1], shown["outcome"][..., -1])
