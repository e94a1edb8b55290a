"""The networks of the slots engine: for each sprite one that says where it goes, for what moves by
fractions of a pixel two that say how fast, one for the lights and one for rewards and the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from data_gen.game import GameSpec
from gameengine.engine import Engine
from gameengine.hindsight import ACROSS, DOWN, Expected
from gameengine.slot_cases import Cases
from gameengine.slot_heads import (
    GuessHead,
    SpeedHead,
    SpriteHead,
    light_loss,
    speed_loss,
    sprite_loss,
)
from gameengine.slot_nets import SlotNet
from gameengine.slot_variables import AFTER, DESCRIBED, NOW, Vocabulary
from gameengine.sprites import Sprites, learn_sprites

PRIOR_LOOKS = 15  # back, by what is likely before anything is learned

Seen = tuple[Tensor, Tensor, Tensor]  # tokens (N, 3 or 4, V), actions (N, P), frames (N, H, W)
Surprise = Callable[[Tensor], tuple[Tensor, Tensor]]  # outputs -> loss (), mistakes (N,)


class SlotNetworks(Engine):
    """What a slots engine has learned, and what that says of a tick. For its options, and how it
    plays and is taught: gameengine/engines/slots.py."""

    looks: Tensor

    def __init__(
        self,
        spec: GameSpec,
        width: int = 128,
        depth: int = 2,
        reach: int = 4,
        sight: int = 0,
        smooth: Sequence[str] = (),
        fine: int = 16,
        described: bool = False,
        sprites: Mapping[str, Any] | None = None,
    ) -> None:
        sizes = {"width": width, "depth": depth, "reach": reach, "sight": sight, "fine": fine}
        super().__init__(spec, **sizes, smooth=list(smooth), described=described, sprites=sprites)
        self.memoryless, self.looks_back, self.can_forget = not smooth, bool(smooth), True
        if sprites is not None:
            self._build(Sprites.from_plain(sprites))

    def prepare(self, frames: Tensor, descriptions: Tensor) -> None:
        """Learn the sprites and lights of frames (N, 1, H, W), and make a network for each."""
        sprites = learn_sprites(frames[:, 0].numpy())
        self.options["sprites"] = sprites.plain()
        self._build(sprites)

    def _build(self, sprites: Sprites) -> None:
        options = self.options
        reach, fine = options["reach"], options["fine"]
        smooth = self._smooth(sprites)
        described = options["described"] or bool(smooth)
        words = Vocabulary(self.spec, sprites, reach, options["sight"], smooth, fine, described)
        self.sprites, self._words = sprites, words
        count, lights = len(sprites.colours), len(sprites.light_colours)
        shape = options["width"], options["depth"]
        self._heads = [
            SpriteHead(words.shapes(sprite), *self.spec.shape[1:], reach, fine * (sprite in smooth))
            for sprite in range(count)
        ]
        first = words.common()
        common = [*first, *words.moving()]
        known = [
            [*common, *words.predicted(sprite), *words.around(sprite)] for sprite in range(count)
        ]
        if smooth:  # how often it has looked back; a float, since averaged weights are lerped
            self.register_buffer("looks", torch.zeros(()))
        self._speed_head = SpeedHead(words.speeds)
        self.paces = nn.ModuleList(  # each smooth sprite's speed across, then its speed down
            SlotNet([*known[sprite], *faster], self._speed_head.outputs, *shape)
            for sprite in smooth
            for faster in ([], words.pace(sprite, ACROSS))
        )
        self.movers = nn.ModuleList(
            SlotNet(
                known[sprite] + (words.steered(sprite) if sprite in smooth else []),
                head.outputs,
                *shape,
            )
            for sprite, head in enumerate(self._heads)
        )
        after = [*common, *words.predicted(count)]
        self.switch = SlotNet(after, lights, *shape) if lights else None
        seen = [*after, *words.lights(AFTER)]
        self.outcome = SlotNet(seen, len(self.spec.players) + 1, *shape)
        self._guess_head = GuessHead(len(smooth), fine, words.speeds)
        # how smooth sprites move in a first frame, and if they begin anew
        self.guess, self.fresh = (
            SlotNet(first, self._guess_head.outputs, *shape) if smooth else None for _ in range(2)
        )

    def _smooth(self, sprites: Sprites) -> tuple[int, ...]:
        """Which sprites are smooth. Raises ValueError for one that there is not."""
        names = [self.spec.colours[colour] for colour in sprites.colours]
        for name in self.options["smooth"]:
            if name not in names:
                raise ValueError(f"smooth: no sprite is {name!r}; choose from {', '.join(names)}")
        return tuple(names.index(name) for name in self.options["smooth"])

    def _foresee(self, sprite: int, seen: Seen) -> tuple[Tensor, ...]:
        """Logits of a sprite's tokens after the tick. Where it has hidden ones, its likeliest
        speeds are filled in, since where it goes depends on them."""
        outputs, speeds = self._say(sprite, seen)
        tokens, own = seen[0], self._words.own(sprite)
        turned = tokens[:, AFTER, own[5:]] if speeds else None
        return *self._heads[sprite].logits(outputs, tokens[:, NOW, own], turned), *speeds

    def _expect(
        self, sprite: int, seen: Seen, across: Tensor | None, trust: float
    ) -> list[Expected]:
        """The same of a smooth sprite's motion, down and across, whatever its speeds will be, or
        with a speed across (N,) that is known."""
        outputs, speeds = self._say(sprite, seen, across, trust)
        laws = self._heads[sprite].laws(outputs, seen[0][:, NOW, self._words.own(sprite)])
        return [Expected(*law, fast) for law, fast in zip(laws, speeds, strict=True)]

    def _say(
        self, sprite: int, seen: Seen, across: Tensor | None = None, trust: float = 1.0
    ) -> tuple[Tensor, list[Tensor]]:
        """The outputs of a sprite's network, and logits of its speeds, down and across. Its speed
        across (N,) is the likeliest one if it is not given. trust: how much of what was learned
        counts, from 0 to 1."""
        tokens = seen[0]
        speeds: list[Tensor] = []
        for axis, token, net in self._paces(sprite):
            logits = self._speed_head.logits(net(*seen) * trust, tokens[:, NOW, token])
            known = across if axis == ACROSS else None
            tokens[:, AFTER, token] = logits.max(1).indices if known is None else known
            speeds.insert(0, logits)
        return self.movers[sprite](*seen) * trust, speeds

    def _trust(self) -> float:
        """How much of what was learned counts in looking back: at first nothing, since what is then
        chosen by chance would be learned, and chosen for that."""
        return min(max(float(self.looks) / PRIOR_LOOKS - 1, 0.0), 1.0)

    def suppose(self, frame: Tensor, description: Tensor, motion: Tensor) -> Tensor:
        """Tokens (N, 2, V) before and now if the smooth sprite in a frame (H, W), the only one,
        flew straight until then: for a motion (N, 4), see `motion`, and a description (N, D)."""
        (sprite,), words = self._words.smooth, self._words
        now = self._read(frame.expand(len(motion), 1, -1, -1), description)[:, 0]
        hidden = motion + torch.tensor([0, 0, 1, 1]) * (words.speeds // 2)
        now[:, words.hidden(sprite)] = hidden
        before = now.clone()
        before[:, words.hidden(sprite)] = self._guess_head.moved(hidden, -1)
        steps = motion[:, :2] - motion[:, 2:]  # from the upper left corner of this pixel
        for axis, size in enumerate(self.spec.shape[1:]):
            came = now[:, 3 * sprite + 1 + axis] + steps[:, axis] // words.fine
            before[:, 3 * sprite + 1 + axis] = came.clamp(0, size - 1)
        return torch.stack([before, now], 1)

    @torch.inference_mode()
    def follow(
        self, tokens: Tensor, actions: Tensor, frames: Tensor, least: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        """What may have become of the smooth sprite, the only one, in a tick from one of two frames
        (2, H, W) to the other, by actions (P,), if it was as tokens (N, 2, V) before and now say.
        What a network holds for less likely than `least` is not followed.

        Returns, of M cases, from which of the N they came (M,), their tokens (M, 2, V), now and
        after, and logarithms of how likely they are, (M,).
        """
        (sprite,), words = self._words.smooth, self._words
        own, head = words.own(sprite), self._heads[sprite]
        shown = self._read(frames[None, 1:])[:, :, : self.sprites.tokens]  # (1, 1, S)
        after = tokens[:, NOW:].clone()
        after[..., : self.sprites.tokens] = shown
        three = torch.cat([tokens, after], 1)
        cases = Cases(three, actions, frames[0], least)
        begun = bool(self._begun(three).any())  # as one frame shows it, it is so in all cases
        for _, token, net in () if begun else self._paces(sprite):
            now = cases.tokens[:, NOW, token]
            cases.fork(token, self._speed_head.logits(cases.ask(net), now))
        now, turned = cases.tokens[:, NOW, own], cases.tokens[:, AFTER, own[5:]]
        said = head.logits(cases.ask(cast(SlotNet, self.movers[sprite])), now, turned)
        if begun:
            frames_shown = cases.tokens[:, NOW], cases.tokens[:, AFTER]
            said = *said[:3], *self._guess(self.fresh, *frames_shown)[0]
        rows = torch.arange(len(now))
        for place, (token, logits) in enumerate(zip(own, said, strict=False)):
            seen = int(shown[0, 0, token]) if place < 3 else None
            rows = rows[cases.fork(token, logits[rows], seen)]
        return cases.came_from, cases.tokens[:, NOW:], cases.likely

    def place(self, tokens: Tensor) -> Tensor:
        """Row and column (N, 2) of the smooth sprite, the only one, in tokens (N, V)."""
        first = 3 * self._words.smooth[0]
        return tokens[:, first + 1 : first + 3]

    def motion(self, tokens: Tensor) -> Tensor:
        """What is hidden of the smooth sprite, the only one, in tokens (N, V): (N, 4), the
        fractions of its row and column in steps, and its speed down and across, in steps a tick."""
        hidden = tokens[:, self._words.hidden(self._words.smooth[0])]
        return hidden - torch.tensor([0, 0, 1, 1]) * (self._words.speeds // 2)

    def _paces(self, sprite: int) -> Iterator[tuple[int, int, SlotNet]]:
        """Axes, tokens and networks of a smooth sprite's speeds, as one follows from the other."""
        if sprite in self._words.smooth:
            first = 2 * self._words.smooth.index(sprite)
            nets = cast(list[SlotNet], list(self.paces[first : first + 2]))
            for axis, net in zip((ACROSS, DOWN), nets, strict=True):
                yield axis, self._words.own(sprite)[5 + axis], net

    def _parts(
        self, tokens: Tensor, sure: Tensor | None = None, strict: bool = False
    ) -> Iterator[tuple[SlotNet, Surprise]]:
        """Each network that says tokens, with the loss of its outputs and the number of its
        mistakes (N,) in tokens (N, 3, V). sure (N, S, 2): of hidden tokens, which are mistaken only
        if `strict`."""
        words = self._words
        now, after = tokens[:, NOW], tokens[:, AFTER]
        for sprite, (net, head) in enumerate(zip(self.movers, self._heads, strict=True)):
            own = words.own(sprite)
            known = None
            if sure is not None and sprite in words.smooth:
                known = sure[:, words.smooth.index(sprite)]
                for axis, token, pace in self._paces(sprite):
                    spoken = now[:, token], after[:, token]
                    counts = {"sure": known[:, axis], "strict": strict}
                    yield pace, partial(speed_loss, self._speed_head, *spoken, **counts)
            shown = now[:, own], after[:, own]
            yield cast(SlotNet, net), partial(sprite_loss, head, *shown, sure=known, strict=strict)
        if self.switch is not None:
            lights = words.all_lights
            yield self.switch, partial(light_loss, now[:, lights], after[:, lights])

    def _guess(
        self, net: SlotNet | None, before: Tensor, now: Tensor, trust: float = 1.0
    ) -> list[list[Tensor]]:
        """Of each smooth sprite, what GuessHead reads of tokens (N, V) of the frame before and of
        the one in which it moves like that, by one of the two networks for it."""
        if net is None:
            return []
        return self._guess_head.logits(net(*self._look(before, now)) * trust)

    def _look(self, before: Tensor, now: Tensor) -> Seen:
        """What those two networks are given: tokens (N, V) of the frame before and of this one."""
        tokens = torch.stack([before, now, torch.zeros_like(now)], 1)
        idle = torch.zeros(len(now), len(self.spec.players), dtype=torch.long)
        return tokens, idle, torch.zeros(len(now), *self.spec.shape[1:], dtype=torch.uint8)

    def _begun(self, tokens: Tensor) -> Tensor:
        """Which smooth sprites (N, S) begin anew in the tick of tokens (N, 3, V): they were not
        there or have jumped, so that how they moved does not matter any more."""
        places = [range(3 * sprite, 3 * sprite + 3) for sprite in self._words.smooth]
        now, after = tokens[:, NOW][:, places], tokens[:, AFTER][:, places]  # (N, S, 3)
        jumped = ((after - now)[..., 1:].abs() > self._words.reach).any(2)
        return (jumped | (now[..., 0] == 0)) & (after[..., 0] > 0)

    def _tell(self, tokens: Tensor, told: Tensor) -> None:
        """Fill the hidden tokens (..., S, 4) of smooth sprites into tokens (..., V)."""
        for number, sprite in enumerate(self._words.smooth):
            tokens[..., self._words.hidden(sprite)] = told[..., number, :]

    def _read(
        self, frames: Tensor, description: Tensor | None = None, since: Tensor | None = None
    ) -> Tensor:
        """frames (B, T, H, W) -> tokens (B, T, V); what frames do not show is 0. since (B, V): the
        tokens before."""
        words = self._words
        before = None if since is None else since[:, : self.sprites.tokens].numpy()
        shown = torch.from_numpy(self.sprites.read_on(frames.numpy(), before))
        tokens = F.pad(shown, (0, words.tokens - shown.shape[2]))
        if description is not None and words.described:
            tokens[..., words.about] = description.round().long().clamp(0, DESCRIBED - 1)[:, None]
        return tokens
