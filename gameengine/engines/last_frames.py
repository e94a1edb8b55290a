"""Engines whose hidden state is the last frames, with or without a memory of what they do not show.

The frame that is shown is snapped to palette indices before it is fed back, so that errors below
one half vanish instead of growing.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from data_gen.game import GameSpec
from gameengine.engine import Context, Engine, Hidden, Prediction, unroll_by_ticks
from gameengine.frames import certain_logits, one_hot_actions, snap

PIECE = 1 << 17  # pixels that a network sees at once: more do not fit the processor's cache


@dataclass(frozen=True)
class Given:
    """What a network is given besides the frames: the actions of the players, unless not `acting`,
    and the description if `described`."""

    spec: GameSpec
    described: bool = False
    acting: bool = True

    @property
    def width(self) -> int:
        choices = len(self.spec.players) * len(self.spec.actions) if self.acting else 0
        return choices + (len(self.spec.description) if self.described else 0)

    def __call__(self, actions: Tensor, description: Tensor | None) -> Tensor:
        """actions (B, T, P), description (B, D), needed if described -> (B, T, width) float32."""
        parts = [one_hot_actions(actions, self.spec)] if self.acting else []
        if self.described:
            assert description is not None, "a described engine keeps the description"
            # Logarithms: a constant of 7 or 16 beside ones and zeros makes training unstable.
            scaled = description.sign() * description.abs().log1p()
            parts.append(scaled[:, None].expand(-1, actions.shape[1], -1))
        nothing = torch.zeros(*actions.shape[:2], 0, device=actions.device)
        return torch.cat(parts, 2) if parts else nothing


class Memory(nn.Module):
    """A recurrent vector of `width` for what the frames do not show; it takes an insight and what
    is given each tick. Raises ValueError for a width below 1."""

    def __init__(self, insight: int, given: Given, width: int) -> None:
        super().__init__()
        if width < 1:
            raise ValueError(f"memory must be at least 0, not {width}")
        self.start = nn.Sequential(nn.Linear(insight + given.width, width), nn.Tanh())
        self.cell = nn.GRU(insight + given.width, width, batch_first=True)

    def forward(self, felt: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """felt (B, T, insight + given), memory (B, M) -> memories (B, T, M), the last one (B, M).
        In float32: bfloat16 makes it slower and would round what must last."""
        with torch.autocast(felt.device.type, enabled=False):
            memories, last = self.cell(felt.float(), memory[None])
        return memories, last[0]

    def begin(self, felt: Tensor) -> Tensor:
        """The memory after the context. felt (B, insight + given) -> (B, M) float32."""
        return self.start(felt).float()


class LastFramesEngine(Engine):
    """Interface: `look` and `show` are the network, everything else is here.

    In a tick, `look` turns the last frames and what is given into local features and an insight
    into the whole frame; the memory, if there is one, takes the insight and joins it; `show` turns
    both into the next frame. A memory starts from the insight into the context with action 0.
    piece: pixels that a network sees at once.
    """

    reads_frames = True
    piece = PIECE

    def __init__(
        self, spec: GameSpec, given: Given, memory: Memory | None, options: Mapping[str, Any]
    ) -> None:
        super().__init__(spec, **options)
        self.given = given
        self.memory = memory
        self.memoryless = memory is None

    @abstractmethod
    def look(self, frames: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
        """frames (N, T0, H, W) uint8, given (N, given.width) float32 -> local features (N, ...) and
        insight (N, features)."""

    @abstractmethod
    def show(self, frames: Tensor, local: Tensor, insight: Tensor) -> tuple[Tensor, Tensor]:
        """frames as above, local and insight as of `look`, insight with the memory behind it ->
        logits (N, K, H, W) and outcome (N, P + 1): rewards and termination; both float32."""

    def encode(self, context: Context, description: Tensor) -> Hidden:
        frames = context.frames[:, -self.spec.context :].squeeze(2)  # (B, T0, H, W)
        players = len(self.spec.players)
        nothing = torch.zeros(len(frames), players, device=frames.device)
        hidden = {
            "frames": frames,
            "logits": certain_logits(frames[:, -1:], len(self.spec.colours)),
            "outcome": F.pad(nothing, (0, 1), value=-10.0),  # (B, P + 1): no reward, no end
        }
        if self.given.described:
            hidden["description"] = description
        if self.memory is not None:
            idle = torch.zeros(len(frames), 1, players, dtype=torch.int64, device=frames.device)
            given = self.given(idle, description)[:, 0]
            _, insight = self.look(frames, given)
            hidden["memory"] = self.memory.begin(torch.cat([insight, given], 1))
        return hidden

    def advance(self, hidden: Hidden, actions: Tensor) -> Hidden:
        given = self.given(actions[:, None], hidden.get("description"))[:, 0]
        local, insight = self.look(hidden["frames"], given)
        insight, after = self._remember(hidden, insight[:, None], given[:, None])
        logits, outcome = self.show(hidden["frames"], local, insight[:, 0])
        frames = torch.cat([hidden["frames"][:, 1:], snap(logits)], 1)
        return hidden | after | {"frames": frames, "logits": logits, "outcome": outcome}

    def decode(self, hidden: Hidden) -> Prediction:
        outcome = hidden["outcome"]
        return Prediction(hidden["logits"], outcome[:, :-1], outcome[:, -1])

    def see(self, hidden: Hidden, frames: Tensor) -> Hidden:
        return hidden | {"frames": torch.cat([hidden["frames"][:, :-1], frames], 1)}

    def unroll(
        self, hidden: Hidden, actions: Tensor, frames: Tensor | None = None
    ) -> tuple[Prediction, Hidden]:
        if frames is None:
            return unroll_by_ticks(self, hidden, actions)
        seen = torch.cat([hidden["frames"], frames.squeeze(2)], 1)  # (B, T0 + T, H, W)
        contexts = seen.unfold(1, self.spec.context, 1).movedim(-1, 2)  # (B, T + 1, T0, H, W)
        logits, outcome, after = self._ticks(hidden, contexts[:, :-1], actions)
        last = {"frames": contexts[:, -1], "logits": logits[:, -1], "outcome": outcome[:, -1]}
        return Prediction(logits, outcome[..., :-1], outcome[..., -1]), hidden | after | last

    def _ticks(
        self, hidden: Hidden, frames: Tensor, actions: Tensor
    ) -> tuple[Tensor, Tensor, Hidden]:
        """T ticks that see frames (B, T, T0, H, W): logits (B, T, K, H, W), outcome (B, T, P + 1)
        and what is remembered after the last."""
        size = actions.shape[:2]
        given = self.given(actions, hidden.get("description"))  # (B, T, given.width)
        pieces = frames.flatten(0, 1).split(max(1, self.piece // frames[0, 0, 0].numel()))
        count = len(pieces[0])
        looks = [
            self.look(*piece)
            for piece in zip(pieces, given.flatten(0, 1).split(count), strict=True)
        ]
        insight = torch.cat([insight for _, insight in looks]).unflatten(0, size)
        insight, after = self._remember(hidden, insight, given)
        insights = insight.flatten(0, 1).split(count)
        shown = [
            self.show(piece, local, insight)
            for piece, (local, _), insight in zip(pieces, looks, insights, strict=True)
        ]
        logits = torch.cat([logits for logits, _ in shown]).unflatten(0, size)
        return logits, torch.cat([outcome for _, outcome in shown]).unflatten(0, size), after

    def _remember(self, hidden: Hidden, insight: Tensor, given: Tensor) -> tuple[Tensor, Hidden]:
        """insight (B, T, features) and given (B, T, given.width) -> insight with the memory behind
        it, (B, T, features + M), and the last memory; without a memory nothing changes."""
        if self.memory is None:
            return insight, {}
        memories, last = self.memory(torch.cat([insight, given], 2), hidden["memory"])
        return torch.cat([insight, memories], 2), {"memory": last}


def working_dtype(device: torch.device) -> torch.dtype:
    """The type that autocast computes in, float32 without it."""
    if torch.is_autocast_enabled(device.type):
        return torch.get_autocast_dtype(device.type)
    return torch.float32
