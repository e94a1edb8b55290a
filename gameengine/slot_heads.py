"""What the networks of the slots engine say of a sprite and of lights: logits, and their losses."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from gameengine.hindsight import Expected

STAYS = 3.0  # logit for what needs no reason, before anything is learned: to stay or go on
BOUNCES = 2.0  # for going back as fast as it came
TURNED = 5.0  # for where it then is, if it does: mirrored, as by a wall
WHOLE = 10.0  # for beginning on whole pixels


class SpriteHead:
    """Reads a network's outputs as a sprite's next shape, row and column, and fractions of a pixel.

    A place is said twice, and both are added: where it is on the board, which a jump needs, and how
    far it is from where it would be if it just went on, up to `reach`, which is the same
    everywhere. So are fractions, and how much each of three laws holds is said as well: that they
    are what they would be, or whole pixels, or those of a bounce. fine: steps of a pixel, for
    sprites that move by fractions; 0 for others, which go on where they are.
    """

    def __init__(self, shapes: int, height: int, width: int, reach: int, fine: int = 0) -> None:
        self._reach, self._fine, self._middle = reach, fine, reach * fine
        way = 2 * reach + 1
        self.split = [shapes, height, width, way, way]
        if fine:
            self.split += [fine] * 4 + [3, 3]
        self.outputs = sum(self.split)

    def logits(
        self, outputs: Tensor, now: Tensor, speeds: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        """outputs (N, outputs), the sprite's tokens now (N, 3), or (N, 7) with hidden ones, and
        then the speeds (N, 2) that it has from now on -> logits of shape, row and column, and of
        the fractions, after the tick."""
        shape, row, column, down, across, *fractions = outputs.split(self.split, 1)
        goal = now[:, 1:3]  # (N, 2) row and column
        if speeds is not None:
            gone = now[:, 3:5] + speeds - self._middle  # (N, 2) in steps
            goal = goal + gone.div(self._fine, rounding_mode="floor")
            fractions = [
                there.gather(1, turned[:, None, None].expand(-1, -1, self._fine))[:, 0]
                + on.gather(1, (torch.arange(self._fine) - far[:, None]) % self._fine)
                for (there, on), turned, far in zip(
                    self.laws(outputs, now), _turned(now, speeds, self._middle), gone.T, strict=True
                )
            ]
        places = self._place(row, down, goal[:, 0]), self._place(column, across, goal[:, 1])
        return shape, *places, *fractions

    def _place(self, there: Tensor, way: Tensor, goal: Tensor) -> Tensor:
        reach, size = self._reach, there.shape[1]
        margin = 2 * reach  # it goes on by `reach` at most, and is at most `reach` off from there
        near = goal[:, None] + margin - reach + torch.arange(2 * reach + 1)
        wide = F.pad(there, (margin, margin)).scatter_add(1, near, way)
        return wide[:, margin : margin + size]

    def laws(self, outputs: Tensor, now: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Logits of the fractions down and across, whatever the speeds will be: (N, 2, F) of which
        one, the second for a sprite that turns back as fast as it came, and (N, F) of how far it is
        from where its speed takes it."""
        there, way, laws = (outputs.split(self.split, 1)[first : first + 2] for first in (5, 7, 9))
        steps = torch.arange(self._fine)
        found: list[tuple[Tensor, Tensor]] = []
        for axis in (0, 1):
            on, whole, bounced = laws[axis].split(1, 1)  # how much each of them holds
            back = self._middle - now[:, 3 + axis, None] - now[:, 5 + axis, None]
            bounce = (steps - back) % self._fine == 0  # (N, F)
            fixed = [
                there[axis] + (whole + likely) * (steps == 0) + (bounced + backwards) * bounce
                for likely, backwards in ((STAYS, BOUNCES), (0.0, TURNED))
            ]
            found.append((torch.stack(fixed, 1), way[axis] + (on + STAYS) * (steps == 0)))
        return found


class SpeedHead:
    """Reads a network's outputs as a sprite's next speed along one axis, which is said twice: by
    itself, and how much faster it is than now; and whether it goes back as fast as it came. speeds:
    how many there are."""

    def __init__(self, speeds: int) -> None:
        self._speeds = speeds
        self.outputs = 3 * speeds

    def logits(self, outputs: Tensor, now: Tensor) -> Tensor:
        """outputs (N, outputs), the speed now (N,) -> logits (N, speeds)."""
        said, faster, bounced = outputs.split([self._speeds, 2 * self._speeds - 1, 1], 1)
        change = torch.arange(self._speeds) - now[:, None]  # (N, S)
        back = torch.arange(self._speeds) == self._speeds - 1 - now[:, None]
        likely = STAYS * (change == 0) + (bounced + BOUNCES) * back
        return said + faster.gather(1, change + self._speeds - 1) + likely


class GuessHead:
    """Reads a network's outputs as the hidden motion of `sprites` in the first frame: what the
    fractions were a tick ago, since what begins does so on whole pixels, and the speeds."""

    def __init__(self, sprites: int, fine: int, speeds: int) -> None:
        self._sprites, self._fine, self._middle = sprites, fine, speeds // 2
        self._split = [fine, fine, speeds, speeds]
        self.outputs = sprites * sum(self._split)

    def logits(self, outputs: Tensor) -> list[list[Tensor]]:
        """outputs (N, outputs) -> of each sprite, logits of its fractions and of its speeds."""
        each = [list(one.split(self._split, 1)) for one in outputs.chunk(self._sprites, 1)]
        whole = WHOLE * (torch.arange(self._fine) == 0)
        return [[down + whole, across + whole, *speeds] for down, across, *speeds in each]

    def expected(self, parts: Sequence[Tensor]) -> list[Expected]:
        """What `logits` says of a sprite, as hindsight takes it: the fraction a tick ago is how far
        it is now from where its speed takes it from 0."""
        nothing = torch.zeros(len(parts[0]), 2, parts[0].shape[1])
        return [Expected(nothing, parts[axis], parts[2 + axis]) for axis in (0, 1)]

    def begun(self, parts: Sequence[Tensor]) -> list[Expected]:
        """The same of a sprite that begins in this frame, not a tick ago."""
        anywhere = torch.zeros_like(parts[0])
        there = [torch.stack([parts[axis]] * 2, 1) for axis in (0, 1)]
        return [Expected(there[axis], anywhere, parts[2 + axis]) for axis in (0, 1)]

    def moved(self, motion: Tensor, ticks: int) -> Tensor:
        """Hidden tokens (..., 4) so many ticks later."""
        fractions, speeds = motion.split(2, -1)
        gone = fractions + ticks * (speeds - self._middle)
        return torch.cat([gone % self._fine, speeds], -1)


def _turned(now: Tensor, speeds: Tensor, middle: int) -> Tensor:
    """(2, N) int64: 1 for a sprite, of tokens (N, 7) now, that turns back as fast as it came, down
    and across, with speeds (N, 2) from now on."""
    return ((now[:, 5:] + speeds == 2 * middle) & (speeds != middle)).long().T


def sprite_loss(
    head: SpriteHead,
    now: Tensor,
    after: Tensor,
    outputs: Tensor,
    sure: Tensor | None = None,
    strict: bool = False,
) -> tuple[Tensor, Tensor]:
    """Cross-entropy of a sprite's tokens after a tick but for its speeds, (), and which items (N,)
    are wrong. now and after (N, 3), or (N, 7) with hidden ones. The place of a sprite that is not
    there does not count. Of fractions only those count that are `sure` (N, 2), down and across, and
    they are called wrong only if `strict`."""
    speeds = after[:, 5:] if after.shape[1] > 3 else None
    shape, row, column, *fractions = head.logits(outputs, now, speeds)
    there = after[:, 0] > 0
    loss = F.cross_entropy(shape, after[:, 0])
    wrong = shape.max(1).indices != after[:, 0]
    for axis, logits in enumerate((row, column), 1):
        loss = loss + (F.cross_entropy(logits, after[:, axis], reduction="none") * there).mean()
        wrong = wrong | there & (logits.max(1).indices != after[:, axis])
    if sure is not None:
        loss = loss + hidden_loss(fractions, after[:, 3:5], sure)
        if strict:
            said = torch.stack([logits.max(1).indices for logits in fractions], 1)
            wrong = wrong | ((said != after[:, 3:5]) & sure.bool()).any(1)
    return loss, wrong


def speed_loss(
    head: SpeedHead,
    now: Tensor,
    after: Tensor,
    outputs: Tensor,
    sure: Tensor,
    strict: bool = False,
) -> tuple[Tensor, Tensor]:
    """As `sprite_loss`, of a speed (N,) along one axis, of which `sure` (N,) ones count."""
    logits = head.logits(outputs, now)
    entropy = F.cross_entropy(logits, after, reduction="none")
    wrong = (logits.max(1).indices != after) & sure.bool()
    return (entropy * sure).mean(), wrong if strict else torch.zeros_like(wrong)


def hidden_loss(logits: Sequence[Tensor], truth: Tensor, sure: Tensor) -> Tensor:
    """Cross-entropy of fractions and speeds, (). logits: of the fractions down and across, and of
    the speeds; truth (N, 4). sure (N, 2): whether an axis is known well enough to count."""
    parts = [
        (F.cross_entropy(said, truth[:, place], reduction="none") * sure[:, place % 2]).mean()
        for place, said in enumerate(logits)
    ]
    return torch.stack(parts).sum()


def guess_loss(
    head: GuessHead, truth: Tensor, sure: Tensor, outputs: Tensor
) -> tuple[Tensor, Tensor]:
    """Cross-entropy of the hidden tokens (N, S, 4) of S sprites, of which those sure (N, S, 2)
    count, (), and in which items (N,) one is wrong."""
    loss, wrong = torch.zeros(()), torch.zeros(len(truth), dtype=torch.bool)
    for told, known, logits in zip(
        truth.unbind(1), sure.unbind(1), head.logits(outputs), strict=True
    ):
        loss = loss + hidden_loss(logits, told, known)
        said = torch.stack([part.max(1).indices for part in logits], 1)
        wrong |= ((said != told) & known.bool().repeat(1, 2)).any(1)
    return loss, wrong


def light_logits(outputs: Tensor, now: Tensor) -> Tensor:
    """outputs (N, L) and the lights now (N, L) -> logits of being on."""
    return outputs + STAYS * (2 * now - 1)


def light_loss(now: Tensor, after: Tensor, outputs: Tensor) -> tuple[Tensor, Tensor]:
    """Cross-entropy of the lights after a tick, (), and how many of each item (N,) are wrong. now
    and after (N, L)."""
    logits = light_logits(outputs, now)
    entropy = F.binary_cross_entropy_with_logits(logits, after.float(), reduction="sum")
    return entropy / len(now), ((logits > 0) != after).sum(1)


def outcome_loss(truth: Tensor, outputs: Tensor) -> tuple[Tensor, Tensor]:
    """How far rewards and end are off, (), and which items (N,) are wrong: a reward by a twentieth,
    as rewards are rounded to tenths. truth and outputs (N, P + 1)."""
    off = outputs[:, :-1] - truth[:, :-1]
    end = F.binary_cross_entropy_with_logits(outputs[:, -1], truth[:, -1])
    ended = (outputs[:, -1] > 0) != (truth[:, -1] > 0)
    return off.square().sum(1).mean() + end, (off.abs() >= 0.05).any(1) | ended
