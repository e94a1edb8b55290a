"""Slots engine: the hidden state is a few discrete variables that say where each object is.

What the frames are made of is learned by looking at some of them (gameengine/sprites.py): sprites
and where they are, lights and whether they are on. Small networks say what each of them does next,
one after another, each knowing what was predicted for those before it. What they say is snapped to
whole pixels every tick, so the dream cannot drift, and networks that see some fifty numbers instead
of a frame learn from ten times as many ticks per second.

Discrete latent states: Hafner et al., "Mastering Atari with discrete world models", ICLR 2021.
Relations between objects: Battaglia et al., "Interaction networks", NeurIPS 2016.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor, nn

from data_gen.game import GameSpec
from gameengine.engine import Context, Engine, Hidden, Judged, Prediction, unroll_by_ticks
from gameengine.frames import certain_logits
from gameengine.slot_nets import (
    SlotNet,
    SpriteHead,
    light_logits,
    light_loss,
    outcome_loss,
    sprite_loss,
)
from gameengine.slot_variables import AFTER, NOW, Vocabulary
from gameengine.sprites import Sprites, learn_sprites
from gameengine.turning import TurningMemory

Surprise = Callable[[Tensor], tuple[Tensor, Tensor]]  # outputs -> loss (), mistakes (N,)


class SlotsEngine(Engine):
    """width, depth: of each network. reach: how far a sprite moves in a tick, in pixels; what goes
    farther is a jump. sight: side of the square around a sprite that it sees, in pixels; 0: none.
    memory: width, an even number, of a recurrent vector for what no frame shows, such as fractions
    of a pixel; it begins with the description.
    sprites: what `prepare` learned, in a checkpoint.
    """

    reads_frames = True
    glimpses = 4096

    def __init__(
        self,
        spec: GameSpec,
        width: int = 128,
        depth: int = 2,
        reach: int = 4,
        sight: int = 0,
        memory: int = 0,
        sprites: Mapping[str, Any] | None = None,
    ) -> None:
        sizes = {"width": width, "depth": depth, "reach": reach, "sight": sight, "memory": memory}
        super().__init__(spec, **sizes, sprites=sprites)
        self.memoryless = not memory
        if sprites is not None:
            self._build(Sprites.from_plain(sprites))

    def prepare(self, frames: Tensor) -> None:
        """Learn the sprites and lights of frames (N, 1, H, W), and make a network for each."""
        sprites = learn_sprites(frames[:, 0].numpy())
        self.options["sprites"] = sprites.plain()
        self._build(sprites)

    def _build(self, sprites: Sprites) -> None:
        options = self.options
        words = Vocabulary(self.spec, sprites, options["reach"], options["sight"])
        self.sprites, self._words = sprites, words
        count, lights = len(sprites.colours), len(sprites.light_colours)
        shape, memory = (options["width"], options["depth"], options["memory"]), options["memory"]
        common = words.common()
        self._heads = [
            SpriteHead(words.shapes(sprite), *self.spec.shape[1:], options["reach"])
            for sprite in range(count)
        ]
        self.movers = nn.ModuleList(
            SlotNet(
                [*common, *words.predicted(sprite), *words.around(sprite)], head.outputs, *shape
            )
            for sprite, head in enumerate(self._heads)
        )
        after = [*common, *words.predicted(count)]
        self.switch = SlotNet(after, lights, *shape) if lights else None
        seen = [*after, *words.lights(AFTER)]
        self.outcome = SlotNet(seen, len(self.spec.players) + 1, *shape)
        if memory:
            self.begin = nn.Linear(WAVES * len(self.spec.description), memory)
            self.notice = SlotNet(seen, memory, *shape[:2])
            self.remember = TurningMemory(memory, memory)

    def encode(self, context: Context, description: Tensor) -> Hidden:
        if self.options["sprites"] is None:
            raise RuntimeError("a slots engine has to see frames first: call prepare")
        frames = context.frames[:, -self.spec.context :, 0]  # (B, T0, H, W)
        tokens = self._read(frames)
        hidden = {
            "before": tokens[:, 0],
            "now": tokens[:, -1],
            "frame": frames[:, -1:],
            "outcome": torch.zeros(len(frames), len(self.spec.players) + 1),
        }
        if not self.memoryless:
            hidden["memory"] = torch.tanh(self.begin(waves(description)))
        return hidden

    def advance(self, hidden: Hidden, actions: Tensor) -> Hidden:
        now = hidden["now"]
        tokens = torch.stack([hidden["before"], now, torch.zeros_like(now)], 1)  # (B, 3, V)
        seen = (tokens, actions, hidden["frame"][:, 0], hidden.get("memory"))
        for sprite, (net, head) in enumerate(zip(self.movers, self._heads, strict=True)):
            place = slice(3 * sprite, 3 * sprite + 3)
            snapped = [part.max(1).indices for part in head.logits(net(*seen), now[:, place])]
            there = snapped[0] > 0
            tokens[:, AFTER, place] = torch.stack(
                [snapped[0], snapped[1] * there, snapped[2] * there], 1
            )
        if self.switch is not None:
            first = 3 * len(self._heads)
            tokens[:, AFTER, first:] = (light_logits(self.switch(*seen), now[:, first:]) > 0).long()
        frames = torch.from_numpy(self.sprites.draw(tokens[:, AFTER].numpy()))
        later = {
            "before": now,
            "now": tokens[:, AFTER],
            "frame": frames[:, None],
            "outcome": self.outcome(*seen),
        }
        if not self.memoryless:
            noticed = self.notice(*seen)[:, None]  # (B, 1, M)
            later["memory"] = self.remember(noticed, hidden["memory"])[:, -1]
        return later

    def decode(self, hidden: Hidden) -> Prediction:
        outcome = hidden["outcome"]
        logits = certain_logits(hidden["frame"], len(self.spec.colours))
        return Prediction(logits, outcome[:, :-1], outcome[:, -1])

    def see(self, hidden: Hidden, frames: Tensor) -> Hidden:
        return hidden | {"now": self._read(frames)[:, 0], "frame": frames}

    def unroll(
        self, hidden: Hidden, actions: Tensor, frames: Tensor | None = None
    ) -> tuple[Prediction, Hidden]:
        return unroll_by_ticks(self, hidden, actions, frames)

    def judge(self, hidden: Hidden, actions: Tensor, frames: Tensor, forced: bool) -> Judged:
        """The cross-entropy of every token instead of every pixel, always from true frames."""
        size = actions.shape[:2]
        seen = self._true(hidden, actions, frames)
        memory = self._memories(hidden, seen, size[1])
        loss, wrong = torch.zeros(()), torch.zeros(size.numel(), dtype=torch.long)
        for net, surprise in self._parts(seen[0]):
            more, missed = surprise(net(*seen, memory))
            loss, wrong = loss + more, wrong + missed
        outcome = self.outcome(*seen, memory).unflatten(0, size)
        return Judged(loss, wrong.unflatten(0, size), outcome[..., :-1], outcome[..., -1])

    def forget(self, hidden: Hidden, actions: Tensor, frames: Tensor, outcome: Tensor) -> None:
        """Let each network drop the variables that nothing depends on; arguments as for `judge`.
        outcome (B, T, P + 1): rewards and whether the game ended."""
        seen = self._true(hidden, actions, frames)
        for net, surprise in self._parts(seen[0]):
            net.forget(net.choose(*seen), surprise)
        told = partial(outcome_loss, outcome.flatten(0, 1))
        self.outcome.forget(self.outcome.choose(*seen), told)

    def _true(
        self, hidden: Hidden, actions: Tensor, frames: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Ticks in true frames (B, T, 1, H, W), each by itself: tokens (B * T, 3, V), actions
        (B * T, P) and the frames before them (B * T, H, W)."""
        truth = self._read(frames[:, :, 0])  # (B, T, V)
        tokens = torch.cat([hidden["before"][:, None], hidden["now"][:, None], truth], 1)
        folded = tokens.unfold(1, 3, 1).movedim(-1, 2).flatten(0, 1)
        shown = torch.cat([hidden["frame"][:, None], frames[:, :-1]], 1)  # (B, T, 1, H, W)
        return folded, actions.flatten(0, 1), shown.flatten(0, 2)

    def _parts(self, tokens: Tensor) -> Iterator[tuple[SlotNet, Surprise]]:
        """Each network that says tokens, with the loss of its outputs and the number of its
        mistakes (N,) in tokens (N, 3, V)."""
        now, after = tokens[:, NOW], tokens[:, AFTER]
        for sprite, (net, head) in enumerate(zip(self.movers, self._heads, strict=True)):
            place = slice(3 * sprite, 3 * sprite + 3)
            yield cast(SlotNet, net), partial(sprite_loss, head, now[:, place], after[:, place])
        if self.switch is not None:
            first = 3 * len(self._heads)
            yield self.switch, partial(light_loss, now[:, first:], after[:, first:])

    def _memories(
        self, hidden: Hidden, seen: tuple[Tensor, Tensor, Tensor], ticks: int
    ) -> Tensor | None:
        """What is remembered before each of B * T ticks, (B * T, M), or None without a memory."""
        if self.memoryless:
            return None
        first = hidden["memory"]  # (B, M)
        if ticks == 1:
            return first
        noticed = self.notice(*seen).unflatten(0, (-1, ticks))  # (B, T, M)
        later = self.remember(noticed[:, :-1], first)
        return torch.cat([first[:, None], later], 1).flatten(0, 1)

    def _read(self, frames: Tensor) -> Tensor:
        """frames (B, T, H, W) -> tokens (B, T, V)."""
        tokens = torch.from_numpy(self.sprites.read(frames.flatten(0, 1).numpy()))
        return tokens.unflatten(0, frames.shape[:2])


WAVES = 11  # numbers that `waves` makes of one


def waves(description: Tensor) -> Tensor:
    """A description (B, D) of small whole numbers as (B, D * WAVES) that tell them apart: their
    sixteenth, and sines and cosines with periods of 2 to 32."""
    angles = description[..., None] * (torch.pi / 2.0 ** torch.arange(5))  # (B, D, 5)
    parts = [description[..., None] / 16, angles.sin(), angles.cos()]
    return torch.cat(parts, -1).flatten(1)
