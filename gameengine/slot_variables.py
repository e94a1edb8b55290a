"""What a network of the slots engine looks at: named variables of the last frames, of the actions,
and of what was predicted already for the frame after.

Each variable has a few values and takes one of them, so that a network's first layer is a sum of
rows of a table. Distances are variables too: what happens between two things depends on where they
are to each other, wherever that is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_gen.game import GameSpec
from data_gen.kernels import kernel
from gameengine.sprites import Sprites

BEFORE, NOW, AFTER, EARLIER = range(4)  # the frames that tokens belong to; the last comes first
_WHEN = ("before", "now", "after", "earlier")
VALUE, DISTANCE, COUNT, PIXEL, ACTION, INERTIA, SAME = range(7)  # kinds of variables
SHAPE, ROW, COLUMN = range(3)  # tokens of a sprite
DESCRIBED = 33  # numbers of a description are taken as whole ones, from 0 to less than this
_HIDDEN = ("row's fraction", "column's fraction", "speed down", "speed across")


@dataclass(frozen=True)
class Variable:
    """size: how many values it has. kind and the numbers after it: see `look_at`."""

    name: str
    size: int
    kind: int
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Vocabulary:
    """The variables of one game. reach: how many pixels a sprite moves in a tick at most for its
    way to be told from any other jump. sight: side of the square of pixels that a sprite sees
    around its upper left corner, 0 for none. smooth: sprites that move by fractions of a pixel, of
    which `fine` make one. described: the description is known, in whole numbers.

    The tokens that frames show, those of `sprites`, are followed by four hidden ones for each
    smooth sprite, the fractions of its row and column and its speed down and across, and by those
    of the description. These have a column each in tokens (N, 3, V): before, now and after; or
    (N, 4, V), if it looks at what was earlier.
    """

    spec: GameSpec
    sprites: Sprites
    reach: int
    sight: int
    smooth: tuple[int, ...] = ()
    fine: int = 16
    described: bool = False

    @property
    def tokens(self) -> int:
        """V: how many there are."""
        return self.about.stop

    @property
    def looks_earlier(self) -> bool:
        """Whether two frames are too few. Speeds that are tokens tell more than a third one."""
        return self.spec.context > 2 and not self.smooth

    @property
    def speeds(self) -> int:
        """How many a sprite can have along an axis; the middle one stands still."""
        return 2 * self.reach * self.fine + 1

    def hidden(self, sprite: int) -> slice:
        """Its four hidden tokens, or none."""
        if sprite not in self.smooth:
            return slice(0, 0)
        first = self.sprites.tokens + 4 * self.smooth.index(sprite)
        return slice(first, first + 4)

    def own(self, sprite: int) -> list[int]:
        """The columns of a sprite's tokens: shape, row, column, and the hidden ones, if any."""
        hidden = self.hidden(sprite)
        return [*range(3 * sprite, 3 * sprite + 3), *range(*_ends(hidden))]

    @property
    def all_lights(self) -> slice:
        return slice(3 * len(self._numbers()), self.sprites.tokens)

    @property
    def about(self) -> slice:
        """The tokens of the description."""
        start = self.sprites.tokens + 4 * len(self.smooth)
        return slice(start, start + (len(self.spec.description) if self.described else 0))

    def common(self) -> list[Variable]:
        """All that is known before anything is predicted: tokens now, how far each sprite came, how
        far each is from each other one, the lights and how many are on, and the actions."""
        known = [variable for sprite in self._numbers() for variable in self._now(sprite)]
        lights = range(len(self.sprites.light_colours))
        known += [self._light(light, NOW) for light in lights]
        if lights:
            on = (len(lights), 3 * len(self.sprites.colours))
            known.append(Variable("lights on", len(lights) + 1, COUNT, on))
        known += self._described()
        choices = len(self.spec.actions)
        for player, name in enumerate(self.spec.players):
            known.append(Variable(f"action of {name}", choices, ACTION, (player,)))
        return known

    def moving(self) -> list[Variable]:
        """The hidden tokens, now."""
        sizes = [self.fine] * 2 + [self.speeds] * 2
        return [
            Variable(f"{what} of {self.name(sprite)}", size, VALUE, (NOW, token))
            for sprite in self.smooth
            for token, what, size in zip(
                range(*_ends(self.hidden(sprite))), _HIDDEN, sizes, strict=True
            )
        ]

    def predicted(self, sprites: int) -> list[Variable]:
        """Of the first so many sprites, which were predicted: tokens and way."""
        return [
            variable
            for sprite in range(sprites)
            for variable in (*self._tokens(sprite, AFTER), *self._way(sprite, NOW, AFTER))
        ]

    def around(self, sprite: int) -> list[Variable]:
        """Of a sprite to be predicted: its distance to the places where those before it will be,
        and the pixels around it."""
        seen = [
            variable
            for other in range(sprite)
            for variable in self._distance(sprite, NOW, other, AFTER)
        ]
        if sprite in self.smooth:
            seen += self._inertia(sprite, NOW)
        colours, start = len(self.spec.colours), -(self.sight // 2) + 1
        for row in range(start, start + self.sight):
            for column in range(start, start + self.sight):
                name = f"colour at {row:+d}, {column:+d} of {self.name(sprite)}"
                seen.append(Variable(name, colours + 2, PIXEL, (3 * sprite, row, column, colours)))
        return seen

    def pace(self, sprite: int, axis: int) -> list[Variable]:
        """Of a smooth sprite: its speed after the tick, down or across, and whether it is the same
        as before."""
        token, name = self.hidden(sprite).start + 2 + axis, self.name(sprite)
        return [
            Variable(f"{_HIDDEN[2 + axis]} of {name} after", self.speeds, VALUE, (AFTER, token)),
            Variable(f"same {_HIDDEN[2 + axis]} of {name}", 2, SAME, (token,)),
        ]

    def steered(self, sprite: int) -> list[Variable]:
        """Of a smooth sprite: both speeds after the tick, and where they would take it."""
        return [*self.pace(sprite, 0), *self.pace(sprite, 1), *self._inertia(sprite, AFTER)]

    def lights(self, when: int) -> list[Variable]:
        return [self._light(light, when) for light in range(len(self.sprites.light_colours))]

    def name(self, sprite: int) -> str:
        return self.spec.colours[self.sprites.colours[sprite]]

    def shapes(self, sprite: int) -> int:
        """How many there are, with the one for a sprite that is not there."""
        return 1 + int((self.sprites.sizes[sprite, :, 0] > 0).sum())

    def _numbers(self) -> range:
        return range(len(self.sprites.colours))

    def _now(self, sprite: int) -> Iterator[Variable]:
        yield from self._tokens(sprite, NOW)
        if self.spec.context > 1:
            yield from self._way(sprite, BEFORE, NOW)
        for other in range(sprite):
            yield from self._distance(sprite, NOW, other, NOW)
        if self.looks_earlier:  # at what told a tick ago where it would go
            yield from self._way(sprite, EARLIER, BEFORE)
            for other in range(sprite):
                yield from self._distance(sprite, BEFORE, other, NOW)

    def _tokens(self, sprite: int, when: int) -> Iterator[Variable]:
        sizes = (self.shapes(sprite), *self.spec.shape[1:])
        for axis, (what, size) in enumerate(zip(("shape", "row", "column"), sizes, strict=True)):
            name = f"{what} of {self.name(sprite)} {_WHEN[when]}"
            yield Variable(name, size, VALUE, (when, 3 * sprite + axis))

    def _way(self, sprite: int, since: int, until: int) -> Iterator[Variable]:
        """The way of a sprite from one frame to another, down and across."""
        for axis, what in ((ROW, "down"), (COLUMN, "across")):
            name = f"way {what} of {self.name(sprite)} to {_WHEN[until]}"
            numbers = (axis, until, 3 * sprite, since, 3 * sprite, self.reach)
            yield Variable(name, 2 * self.reach + 3, DISTANCE, numbers)

    def _distance(self, one: int, when: int, other: int, then: int) -> Iterator[Variable]:
        for axis, what, size in zip(
            (ROW, COLUMN), ("down", "across"), self.spec.shape[1:], strict=True
        ):
            name = f"{self.name(one)} {_WHEN[when]} {what} from {self.name(other)} {_WHEN[then]}"
            numbers = (axis, when, 3 * one, then, 3 * other, size - 1)
            yield Variable(name, 2 * size + 1, DISTANCE, numbers)

    def _inertia(self, sprite: int, when: int) -> Iterator[Variable]:
        """Where the speed that it has before or after the tick would take it: pixels from here, and
        the fraction."""
        for axis, what in enumerate(("down", "across")):
            known = (self.hidden(sprite).start + axis, self.fine, self.speeds // 2)
            name = f"{what} by speed {_WHEN[when]} of {self.name(sprite)}"
            yield Variable(name, 2 * self.reach + 1, INERTIA, (*known, self.reach, 0, when))
            yield Variable(f"fraction {name}", self.fine, INERTIA, (*known, 0, 1, when))

    def _described(self) -> Iterator[Variable]:
        if self.described:
            for name, token in zip(self.spec.description, range(*_ends(self.about)), strict=True):
                yield Variable(name, DESCRIBED, VALUE, (NOW, token))

    def _light(self, light: int, when: int) -> Variable:
        token = 3 * len(self.sprites.colours) + light
        colour = self.spec.colours[self.sprites.light_colours[light]]
        return Variable(f"light {light} ({colour}) {_WHEN[when]}", 2, VALUE, (when, token))


def _ends(place: slice) -> tuple[int, int]:
    return place.start, place.stop


def as_table(variables: Sequence[Variable]) -> NDArray[np.int64]:
    """Variables (F, 8) for `look_at`: where its rows of the first layer begin, kind, numbers."""
    table = np.zeros((len(variables), 8), np.int64)
    start = 0
    for row, variable in zip(table, variables, strict=True):
        row[0], row[1] = start, variable.kind
        row[2 : 2 + len(variable.numbers)] = variable.numbers
        start += variable.size
    return table


def look(
    table: NDArray[np.int64],
    tokens: NDArray[np.int64],
    actions: NDArray[np.int64],
    frames: NDArray[np.uint8],
) -> NDArray[np.int64]:
    """Rows of the first layer (N, F) that the variables of a table (F, 8) choose. tokens as of a
    Vocabulary, actions (N, P), frames (N, H, W) now."""
    chosen = np.empty((len(tokens), len(table)), np.int64)
    look_at(table, *map(np.ascontiguousarray, (tokens, actions, frames)), chosen)
    return chosen


@kernel()
def _value(row: Any, tokens: Any, actions: Any, frame: Any) -> Any:
    """The value of one variable of one item."""
    kind = row[1]
    if kind == VALUE:
        return tokens[row[2], row[3]]
    if kind == ACTION:
        return actions[row[2]]
    if kind == DISTANCE:  # axis, when and first token of one, of the other, the farthest
        reach = row[7]
        if tokens[row[3], row[4]] == 0 or tokens[row[5], row[6]] == 0:
            return 2 * reach + 2
        distance = tokens[row[3], row[4] + row[2]] - tokens[row[5], row[6] + row[2]]
        return distance + reach if abs(distance) <= reach else 2 * reach + 1
    if kind == COUNT:
        on = 0
        for token in range(row[3], row[3] + row[2]):
            on += tokens[NOW, token]
        return on
    if kind == INERTIA:  # token of the fraction, steps of a pixel, middle speed, reach, which, when
        gone = tokens[NOW, row[2]] + tokens[row[7], row[2] + 2] - row[4]
        return gone % row[3] if row[6] else gone // row[3] + row[5]
    if kind == SAME:
        return int(tokens[NOW, row[2]] == tokens[AFTER, row[2]])
    first, colours = row[2], row[5]  # PIXEL
    if tokens[NOW, first] == 0:
        return colours + 1
    y, x = tokens[NOW, first + 1] + row[3], tokens[NOW, first + 2] + row[4]
    if 0 <= y < frame.shape[0] and 0 <= x < frame.shape[1]:
        return frame[y, x]
    return colours


@kernel(inline=False)
def look_at(table: Any, tokens: Any, actions: Any, frames: Any, chosen: Any) -> None:
    """Fill `chosen` (N, F); see `look`."""
    for item in range(len(tokens)):
        for number in range(len(table)):
            row = table[number]
            value = _value(row, tokens[item], actions[item], frames[item])
            chosen[item, number] = row[0] + value
