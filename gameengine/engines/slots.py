"""Slots engine: the hidden state is a few discrete variables that say where each object is.

What the frames are made of is learned by looking at some of them (gameengine/sprites.py): sprites
and where they are, lights and whether they are on. Small networks say what each of them does next,
one after another, each knowing what was predicted for those before it. What they say is snapped to
whole pixels every tick, so the dream cannot drift, and networks that see some fifty numbers instead
of a frame learn from ten times as many ticks per second.

What moves by fractions of a pixel has hidden tokens as well: the fractions, and its speed. They are
learned from whole rollouts by hindsight (gameengine/hindsight.py). What appears or jumps begins
anew: how it moves on is said by a network that does not know how it moved before.

Discrete latent states: Hafner et al., "Mastering Atari with discrete world models", ICLR 2021.
Relations between objects: Battaglia et al., "Interaction networks", NeurIPS 2016.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import cast

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from gameengine.engine import Context, Hidden, Judged, Prediction, unroll_by_ticks
from gameengine.frames import certain_logits
from gameengine.hindsight import Expected, look_back
from gameengine.slot_heads import guess_loss, light_logits, outcome_loss
from gameengine.slot_nets import SlotNet
from gameengine.slot_networks import Seen, SlotNetworks, Surprise
from gameengine.slot_variables import AFTER, NOW

# A network, what it is given, how to judge what it says, and how many there are for each frame.
Guess = tuple[SlotNet, Seen, Surprise, float]


class SlotsEngine(SlotNetworks):
    """width, depth: of each network. reach: how far a sprite moves in a tick, in pixels; what goes
    farther is a jump. sight: side of the square around a sprite that it sees, in pixels; 0: none.
    smooth: colours of sprites that move by fractions of a pixel, `fine` of which make one; these
    fractions and the speed are hidden, and begin as the description says.
    described: it knows the description, as it always does with smooth sprites; if not, games
    that look alike are one.
    sprites: what `prepare` learned, in a checkpoint.
    """

    reads_frames = True
    glimpses = 4096

    def encode(self, context: Context, description: Tensor) -> Hidden:
        if self.options["sprites"] is None:
            raise RuntimeError("a slots engine has to see frames first: call prepare")
        frames = context.frames[:, -self.spec.context :, 0]  # (B, T0, H, W)
        tokens = self._read(frames, description)
        hidden = {
            "before": tokens[:, -2:][:, 0],  # if there is but one frame, the same
            "now": tokens[:, -1],
            "frame": frames[:, -1:],
            "outcome": torch.zeros(len(frames), len(self.spec.players) + 1),
        }
        if self._words.looks_earlier:
            hidden["earlier"] = tokens[:, -3]
        if context.hindsight is not None:
            hidden["hindsight"] = context.hindsight[:, self.spec.context - 1 :]  # (B, 1 + T, S, 6)
        guesses = self._guess(self.guess, hidden["before"], hidden["now"])
        for sprite, parts in zip(self._words.smooth, guesses, strict=True):
            guessed = torch.stack([part.max(1).indices for part in parts], 1)  # (B, 4)
            hidden["now"][:, self._words.hidden(sprite)] = self._guess_head.moved(guessed, 1)
        return hidden

    def advance(self, hidden: Hidden, actions: Tensor) -> Hidden:
        words, now = self._words, hidden["now"]
        past = [hidden["earlier"]] if words.looks_earlier else []
        tokens = torch.stack([hidden["before"], now, torch.zeros_like(now), *past], 1)
        seen = (tokens, actions, hidden["frame"][:, 0])
        for sprite in range(len(self._heads)):
            logits = self._foresee(sprite, seen)
            snapped = torch.stack([part.max(1).indices for part in logits], 1)
            snapped[:, 1:3] *= snapped[:, :1] > 0  # no place where it is not there
            tokens[:, AFTER, words.own(sprite)] = snapped
        if self.switch is not None:
            lights = words.all_lights
            tokens[:, AFTER, lights] = (light_logits(self.switch(*seen), now[:, lights]) > 0).long()
        tokens[:, AFTER, words.about] = now[:, words.about]
        if words.smooth:
            self._begin(tokens)
        shown = tokens[:, AFTER, : self.sprites.tokens]
        after = {
            "before": now,
            "now": tokens[:, AFTER],
            "frame": torch.from_numpy(self.sprites.draw(shown.numpy()))[:, None],
            "outcome": self.outcome(*seen),
        }
        return after | {"earlier": hidden["before"]} if past else after

    def _begin(self, tokens: Tensor) -> None:
        """Fill in how smooth sprites move that begin anew in the tick of tokens (N, 3, V)."""
        begun = self._begun(tokens)
        rows = begun.any(1)
        if rows.any():
            guesses = self._guess(self.fresh, tokens[rows, NOW], tokens[rows, AFTER])
            for sprite, parts, new in zip(self._words.smooth, guesses, begun[rows].T, strict=True):
                hidden = self._words.hidden(sprite)
                guessed = torch.stack([part.max(1).indices for part in parts], 1)  # (M, 4)
                kept = tokens[rows, AFTER, hidden]
                tokens[rows, AFTER, hidden] = torch.where(new[:, None], guessed, kept)

    def decode(self, hidden: Hidden) -> Prediction:
        outcome = hidden["outcome"]
        logits = certain_logits(hidden["frame"], len(self.spec.colours))
        return Prediction(logits, outcome[:, :-1], outcome[:, -1])

    def see(self, hidden: Hidden, frames: Tensor) -> Hidden:
        shown = self.sprites.tokens
        seen = self._read(frames, since=hidden["now"])[:, 0, :shown]
        return hidden | {"now": torch.cat([seen, hidden["now"][:, shown:]], 1), "frame": frames}

    def unroll(
        self, hidden: Hidden, actions: Tensor, frames: Tensor | None = None
    ) -> tuple[Prediction, Hidden]:
        return unroll_by_ticks(self, hidden, actions, frames)

    def judge(self, hidden: Hidden, actions: Tensor, frames: Tensor, forced: bool) -> Judged:
        """The cross-entropy of every token instead of every pixel, always from true frames."""
        size, loss = actions.shape[:2], torch.zeros(())
        seen, sure, guesses = self._look_at(hidden, actions, frames)
        for net, given, surprise, share in guesses:
            loss = loss + share * surprise(net(*given))[0]
        wrong = torch.zeros(size.numel(), dtype=torch.long)
        for net, surprise in self._parts(seen[0], sure):
            more, missed = surprise(net(*seen))
            loss, wrong = loss + more, wrong + missed
        outcome = self.outcome(*seen).unflatten(0, size)
        return Judged(loss, wrong.unflatten(0, size), outcome[..., :-1], outcome[..., -1])

    def _look_at(
        self, hidden: Hidden, actions: Tensor, frames: Tensor
    ) -> tuple[Seen, Tensor | None, Sequence[Guess]]:
        """What the networks are given of all ticks, (B * T, ...), which hidden tokens are sure,
        (B * T, S, 2), if there are any, and what is to be guessed."""
        tokens, shown = self._truth(hidden, frames)
        told = self._recall(hidden, tokens, actions, shown) if self._words.smooth else None
        ticks = _folded(tokens, actions.shape[1])
        seen = ticks, actions.flatten(0, 1), shown.flatten(0, 1)
        if told is None:
            return seen, None, ()
        guesses = list(self._guesses(hidden, ticks, *told))
        return seen, self._go_on(ticks, told[1][:, 1:].flatten(0, 1)), guesses

    def _guesses(
        self, hidden: Hidden, tokens: Tensor, motion: Tensor, sure: Tensor
    ) -> Iterator[Guess]:
        """Of first frames, and of sprites that begin anew in the ticks of tokens (B * T, 3, V).
        motion (B, T + 1, S, 4): the hidden tokens, of which those sure (B, T + 1, S, 2) count."""
        guess, fresh = cast(tuple[SlotNet, SlotNet], (self.guess, self.fresh))
        first = self._guess_head.moved(motion[:, 0], -1)
        surprise = partial(guess_loss, self._guess_head, first, sure[:, 0])
        yield guess, self._look(hidden["before"], hidden["now"]), surprise, 1.0
        begun = self._begun(tokens)
        rows = begun.any(1)
        if rows.any():
            told, known = (part[:, 1:].flatten(0, 1)[rows] for part in (motion, sure))
            known = known * begun[rows, :, None]
            surprise = partial(guess_loss, self._guess_head, told, known)
            given = self._look(tokens[rows, NOW], tokens[rows, AFTER])
            yield fresh, given, surprise, len(told) / len(tokens)

    def _go_on(self, tokens: Tensor, sure: Tensor) -> Tensor:
        """Let smooth sprites that begin anew have the speeds from before after the ticks of tokens
        (N, 3, V): what other networks say is said before it is known how these move on. Returns
        which hidden tokens are still sure, of those sure (N, S, 2): not theirs."""
        begun = self._begun(tokens)
        for sprite, new in zip(self._words.smooth, begun.T, strict=True):
            own = self._words.hidden(sprite)
            tokens[new, AFTER, own] = tokens[new, NOW, own]
        return sure * ~begun[..., None]

    def forget(self, hidden: Hidden, actions: Tensor, frames: Tensor, outcome: Tensor) -> None:
        """Let each network drop the variables that nothing depends on."""
        seen, sure, guesses = self._look_at(hidden, actions, frames)
        for net, given, surprise, _ in guesses:
            net.forget(net.choose(*given), surprise)
        for net, surprise in self._parts(seen[0], sure, strict=True):
            net.forget(net.choose(*seen), surprise)
        told = partial(outcome_loss, outcome.flatten(0, 1))
        self.outcome.forget(self.outcome.choose(*seen), told)

    def look_back(
        self, frames: Tensor, actions: Tensor, description: Tensor, rng: np.random.Generator
    ) -> Tensor:
        self.looks += 1
        first = self.spec.context - 1
        context = Context(frames[:, : first + 1], actions[:, :first])
        hidden = self.encode(context, description)
        tokens, shown = self._truth(hidden, frames[:, first + 1 :])
        told = self._look_back(tokens, actions[:, first:], shown, rng, self._trust())
        return F.pad(told, (0, 0, 0, 0, first, 0))

    def watch(
        self, frames: Tensor, actions: Tensor, description: Tensor, rng: np.random.Generator
    ) -> tuple[Tensor, Tensor]:
        """Where the smooth sprite, the only one, was in the frames of games from the first that has
        a context on, (B, T, 2), and how it moved by hindsight, (B, T, 4), see `motion`."""
        first = self.spec.context - 1
        tokens = self._read(frames[:, first:, 0], description)
        told = self.look_back(frames, actions, description, rng)[:, first:, 0, :4]
        self._tell(tokens, told[:, :, None])
        folded = tokens.flatten(0, 1)
        places, motion = self.place(folded), self.motion(folded)
        return places.unflatten(0, tokens.shape[:2]), motion.unflatten(0, tokens.shape[:2])

    def _recall(
        self, hidden: Hidden, tokens: Tensor, actions: Tensor, shown: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The hidden tokens (B, T + 1, S, 4) of smooth sprites from now on, which are told to
        tokens (B, T + 2, V), and which are sure (B, T + 1, S, 2)."""
        told = hidden.get("hindsight")
        if told is None:  # a window by itself: it is short, so all that can be told has to count
            told = self._look_back(tokens, actions, shown, np.random.default_rng(0))
            told[..., 4:] = 1
        self._tell(tokens[:, 1:], told[..., :4])
        return told[..., :4], told[..., 4:]

    def _truth(self, hidden: Hidden, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens (B, T + 2, V) of the frames before, now and from then on, (B, T, 1, H, W), behind
        those of the frame earlier if it looks at that, and the frames (B, T, H, W) that each tick
        begins with."""
        truth = self._read(frames[:, :, 0], since=hidden["now"])  # (B, T, V)
        truth[..., self._words.about] = hidden["now"][:, None, self._words.about]
        known = [hidden[when] for when in ("earlier", "before", "now") if when in hidden]
        tokens = torch.cat([torch.stack(known, 1), truth], 1)
        return tokens, torch.cat([hidden["frame"][:, None], frames[:, :-1]], 1)[:, :, 0]

    @torch.no_grad()
    def _look_back(
        self,
        tokens: Tensor,
        actions: Tensor,
        shown: Tensor,
        rng: np.random.Generator,
        trust: float = 1.0,
    ) -> Tensor:
        """The hidden tokens of smooth sprites in tokens (B, T + 2, V), but for the first frame, and
        which of them are sure: (B, T + 1, S, 6). actions (B, T, P), shown (B, T, H, W). trust: how
        much of what was learned counts, from 0 to 1."""
        words = self._words

        def expect(
            tick: int, items: Tensor, told: Tensor, across: Tensor | None
        ) -> Sequence[Sequence[Expected]]:
            if tick == 0:
                guesses = self._guess(self.guess, tokens[items, 0], tokens[items, 1], trust)
                return [self._guess_head.expected(parts) for parts in guesses]
            three = tokens[items, tick - 1 : tick + 2]
            self._tell(three[:, NOW], told)
            seen = three, actions[items, tick - 1], shown[items, tick - 1]
            chosen = [None] * len(words.smooth) if across is None else across.unbind(1)
            expected = [
                self._expect(sprite, seen, fast, trust)
                for sprite, fast in zip(words.smooth, chosen, strict=True)
            ]
            self._expect_beginnings(three, trust, expected)
            return expected

        columns = [[3 * sprite + 1, 3 * sprite + 2] for sprite in words.smooth]
        places = tokens[:, 1:, columns]  # (B, T + 1, S, 2)
        told, sure = look_back(places, words.fine, words.speeds, expect, rng)
        return torch.cat([told, sure.long()], 3)

    def _expect_beginnings(
        self, tokens: Tensor, trust: float, expected: Sequence[Sequence[Expected]]
    ) -> None:
        """Put into `expected` how smooth sprites move that begin anew in the tick of tokens
        (N, 3, V)."""
        begun = self._begun(tokens)
        rows = begun.any(1).nonzero()[:, 0]
        if not len(rows):
            return
        guesses = self._guess(self.fresh, tokens[rows, NOW], tokens[rows, AFTER], trust)
        for axes, parts, new in zip(expected, guesses, begun[rows].T, strict=True):
            for old, known in zip(axes, self._guess_head.begun(parts), strict=True):
                for part, other in zip(old, known, strict=True):
                    part[rows[new]] = other[new]


def _folded(tokens: Tensor, ticks: int) -> Tensor:
    """tokens (B, T + 2, V) -> before, now and after each tick (B * T, 3, V), or (B, T + 3, V) ->
    the same with what was earlier behind it (B * T, 4, V)."""
    frames = tokens.shape[1] - ticks + 1
    folded = tokens.unfold(1, frames, 1).movedim(-1, 2).flatten(0, 1)
    return folded.roll(3 - frames, 1)
