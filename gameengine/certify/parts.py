"""The networks of a slots engine, each with what its answer depends on.

A network looks at a few variables, and its answer is read with the tokens that its sprite, or the
lights, have now. So it has to be asked but once for all transitions in which these are the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gameengine.certify.memo import BITS
from gameengine.certify.part_arrays import Digits
from gameengine.certify.world import UnfitError, World
from gameengine.engines.slots import SlotsEngine
from gameengine.slot_heads import light_logits
from gameengine.slot_nets import SlotNet
from gameengine.slot_variables import (
    ACTION,
    AFTER,
    BEFORE,
    COUNT,
    DISTANCE,
    NOW,
    PIXEL,
    VALUE,
    Variable,
    as_table,
)

Answer = tuple[Tensor, Tensor]  # what is said, (N, n), and by how much at least, (N,)


@dataclass(frozen=True)
class Part:
    """tokens: those that it says. read: what it says, from its outputs and the tokens now (N, V).
    shows: whether this is a part of the frame; else it is the rewards and the end."""

    name: str
    net: SlotNet
    tokens: slice
    read: Callable[[Tensor, Tensor], Answer]
    shows: bool = True

    @property
    def kept(self) -> list[Variable]:
        chosen = self.net.kept.numpy() > 0.5
        return [one for one, keep in zip(self.net.variables, chosen, strict=True) if keep]

    @property
    def sees_pixels(self) -> bool:
        return any(variable.kind == PIXEL for variable in self.kept)


def parts_of(engine: SlotsEngine) -> list[Part]:
    """In the order in which they are asked."""
    colours, sprites = engine.spec.colours, engine.sprites
    parts = []
    for number, (net, head) in enumerate(zip(engine.movers, engine._heads, strict=True)):
        place = slice(3 * number, 3 * number + 3)

        def read(outputs: Tensor, now: Tensor, head: Any = head, place: slice = place) -> Answer:
            return _sprite(head.logits(outputs, now[:, place]))

        parts.append(Part(colours[sprites.colours[number]], cast(SlotNet, net), place, read))
    lights = slice(3 * len(parts), sprites.tokens)
    if engine.switch is not None:
        parts.append(
            Part("lights", engine.switch, lights, lambda out, now: _lights(out, now[:, lights]))
        )
    parts.append(Part("rewards and end", engine.outcome, slice(0), _outcome, shows=False))
    return parts


def _sprite(logits: tuple[Tensor, Tensor, Tensor]) -> Answer:
    said, margins = [], []
    for part in logits:
        first, best = part.max(1)
        others = part.scatter(1, best[:, None], -math.inf).amax(1)
        said.append(best)
        margins.append(first - others)
    there = said[0] > 0
    places = [torch.where(there, margin, math.inf) for margin in margins[1:]]
    tokens = torch.stack([said[0], said[1] * there, said[2] * there], 1)
    return tokens, torch.stack([margins[0], *places]).amin(0)


def _lights(outputs: Tensor, now: Tensor) -> Answer:
    logits = light_logits(outputs, now)
    return (logits > 0).long(), logits.abs().amin(1)


def _outcome(outputs: Tensor, now: Tensor) -> Answer:
    """As LearnedGame does."""
    said = torch.cat([outputs[:, :-1].round(decimals=1), (outputs[:, -1:] > 0).float()], 1)
    return said, outputs[:, -1].abs()


class Questions:
    """How the transitions of a world become questions to parts, and what the parts say."""

    def __init__(self, parts: list[Part], world: World) -> None:
        self.parts, self._world = parts, world
        self._moves = world.moves
        sizes = world.tokens.max(0).astype(np.int64) + 1
        self._still = {int(one) for one in np.flatnonzero(np.ptp(world.tokens, axis=0) == 0)}
        self.words = 1
        columns: dict[int, list[tuple[Variable, int, int, int]]] = {NOW: [], BEFORE: [], AFTER: []}
        for number, part in enumerate(parts):
            stride, word = len(parts), 0
            for variable in self._digits(part, sizes):
                if stride * variable.size > 1 << BITS:
                    stride, word = 1, word + 1
                columns[_stage(variable)].append((variable, stride, number, word))
                stride *= variable.size
            self.words = max(self.words, word + 1)
        earlier = {number for _, _, number, _ in columns[BEFORE]}
        self.digits = Digits(
            *(_table(columns[when]) for when in (NOW, BEFORE, AFTER)),
            later=np.array([number in earlier for number in range(len(parts))]),
            shows=np.array([part.shows for part in parts]),
        )

    @torch.inference_mode()
    def wrong(self, numbers: NDArray[np.int64], where: NDArray[np.int64]) -> Iterator[Any]:
        """Of each part: its number, which (n,) of the questions are its own, whether it is wrong
        (n,), and the least margin of the right answers. numbers (N,): of the parts that are asked;
        where (N, 3): the transitions."""
        for number, part in enumerate(self.parts):
            own = np.flatnonzero(numbers == number)
            if len(own) == 0:
                continue
            said, margin, truth = self._ask(part, where[own])
            wrong = (said != truth).any(1)
            yield number, own, wrong, float(margin[~wrong].min(initial=math.inf))

    def _ask(self, part: Part, where: NDArray[np.int64]) -> tuple[NDArray[Any], ...]:
        world = self._world
        state, action, before = where.T
        after = world.after[state, action]
        shown = [before, world.frame_of[state], world.frame_of[after]]
        tokens = np.stack([world.tokens[frames] for frames in shown], 1).astype(np.int64)
        frames = np.zeros((len(where), 1, 1), np.uint8)
        if part.sees_pixels:
            frames = world.states.game.render(world.states.state(state))[:, 0]
        known = [torch.from_numpy(value) for value in (tokens, self._moves[action], frames)]
        said, margin = part.read(part.net(*known), known[0][:, NOW])
        truth = tokens[:, AFTER, part.tokens]
        if not part.shows:
            truth = world.kinds[world.kind[state, action], 1:]
        return said.numpy(), margin.numpy(), truth

    def _digits(self, part: Part, sizes: NDArray[np.int64]) -> list[Variable]:
        """All that decides whether a part is right, without what follows from the rest of it."""
        own = range(*part.tokens.indices(len(sizes)))
        digits = [
            Variable(f"token {token} {when}", int(sizes[token]), VALUE, (when, token))
            for when in (NOW, AFTER)
            for token in own
            if token not in self._still
        ]
        if not part.shows:
            kind = (self._moves.shape[1],)
            digits = [Variable("kind", len(self._world.kinds), ACTION, kind)]
        there = {variable.numbers for variable in digits if variable.kind == VALUE}
        digits += [
            variable
            for variable in part.kept
            if not (variable.kind == VALUE and variable.numbers in there)
            if not (variable.kind == VALUE and variable.numbers[1] in self._still)
        ]
        known = {variable.numbers for variable in digits if variable.kind == VALUE}
        known |= {(when, token) for token in self._still for when in (BEFORE, NOW, AFTER)}
        return [
            one
            for one in digits
            if one.kind == VALUE or one.kind == ACTION or not _tokens(one) <= known
        ]


def _table(columns: list[tuple[Variable, int, int, int]]) -> NDArray[np.int64]:
    rows = as_table([variable for variable, *_ in columns])
    rows[:, 0] = 0  # values, not rows of a network's table
    numbers = np.array([rest for _, *rest in columns], np.int64).reshape(-1, 3)
    return np.concatenate([rows, numbers], 1)


def _tokens(variable: Variable) -> set[tuple[int, int]]:
    """What a variable follows from: when, and which token; of a pixel that is not told."""
    numbers = variable.numbers
    if variable.kind == VALUE:
        return {(numbers[0], numbers[1])}
    if variable.kind == DISTANCE:
        axis, *ends = numbers[:5]
        return {
            (when, token)
            for when, first in (ends[:2], ends[2:4])
            for token in (first, first + axis)
        }
    if variable.kind == COUNT:
        return {(NOW, numbers[1] + light) for light in range(numbers[0])}
    if variable.kind == PIXEL:
        return {(NOW, -1)}
    raise UnfitError(f"nobody knows what {variable.name!r} follows from")


def _stage(variable: Variable) -> int:
    """What has to be known for a digit."""
    if variable.kind == ACTION:
        return AFTER
    whens = {when for when, _ in _tokens(variable)}
    if whens >= {BEFORE, AFTER}:
        raise UnfitError(f"{variable.name!r} spans three frames")
    return next(when for when in (AFTER, BEFORE, NOW) if when in whens)
