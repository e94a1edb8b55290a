"""What the frames of a game are made of, learned by looking at some: sprites, which move, and
lights, which go on and off.

A *sprite* is a colour that is seen in a few shapes at many places. A *light* is a set of pixels
that always show a colour together, such as a brick or a pip of a score. What never changes is the
*canvas*. So a frame is a row of *tokens*: of each sprite its shape (0: not there), row and column,
of each light 0 or 1. Nothing here knows a game: all follows from the frames.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gameengine.sprite_kernels import draw_tokens, find_shape, measure, read_tokens

FEW = 4  # shapes of a sprite, at most; what shows more of them is made of lights


@dataclass(frozen=True)
class Sprites:
    """S sprites of at most A shapes that fit h x w pixels, and L lights.

    canvas (H, W). colours (S,). shapes (S, A, h, w): 0 or 1, in the upper left corner. sizes
    (S, A, 2): height and width of each, 0 where there is none. pixels (n, 3): light, row and
    column. light_colours (L,). order (S,): sprites from the lowest to the one that covers all.
    """

    canvas: NDArray[np.uint8]
    colours: NDArray[np.uint8]
    shapes: NDArray[np.uint8]
    sizes: NDArray[np.int64]
    pixels: NDArray[np.int64]
    light_colours: NDArray[np.uint8]
    order: NDArray[np.int64]

    @property
    def tokens(self) -> int:
        """V: how many tokens a frame has."""
        return 3 * len(self.colours) + len(self.light_colours)

    def read(
        self, frames: NDArray[np.uint8], near: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        """frames (N, H, W) -> tokens (N, V). Of a sprite that is partly covered the place is found
        that what is left of it fits. near: tokens of the frames before or after these, as shapes
        seldom change; of several that fit, the largest is taken otherwise."""
        tokens = np.zeros((len(frames), self.tokens), np.int64)
        near = np.zeros_like(tokens) if near is None else np.ascontiguousarray(near)
        space = np.zeros(256, np.int64), np.zeros((256, 4), np.int64)
        read_tokens(np.ascontiguousarray(frames), *self._parts(), *space, near, tokens)
        return tokens

    def read_on(
        self, frames: NDArray[np.uint8], since: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        """frames (N, T, H, W), one after another -> tokens (N, T, V). since: tokens of the frames
        before the first; without them what comes later tells of the first ones."""
        ticks = range(frames.shape[1])
        tokens = np.zeros((*frames.shape[:2], self.tokens), np.int64)
        if since is None:
            for tick in reversed(ticks):
                since = tokens[:, tick] = self.read(frames[:, tick], since)
        for tick in ticks:
            since = tokens[:, tick] = self.read(frames[:, tick], since)
        return tokens

    def draw(self, tokens: NDArray[np.int64]) -> NDArray[np.uint8]:
        """tokens (N, V) -> frames (N, H, W)."""
        frames = np.empty((len(tokens), *self.canvas.shape), np.uint8)
        draw_tokens(np.ascontiguousarray(tokens), *self._parts(), self.order, frames)
        return frames

    def plain(self) -> dict[str, Any]:
        """As nested lists, for a checkpoint."""
        parts = {name: value.tolist() for name, value in vars(self).items()}
        return parts | {"room": list(self.shapes.shape[1:])}

    @staticmethod
    def from_plain(saved: Mapping[str, Any]) -> Sprites:
        """What `plain` gave. Raises KeyError if something is missing."""
        sprites = len(saved["colours"])
        return Sprites(
            canvas=np.array(saved["canvas"], np.uint8),
            colours=np.array(saved["colours"], np.uint8),
            shapes=np.array(saved["shapes"], np.uint8).reshape(sprites, *saved["room"]),
            sizes=np.array(saved["sizes"], np.int64).reshape(sprites, saved["room"][0], 2),
            pixels=np.array(saved["pixels"], np.int64).reshape(-1, 3),
            light_colours=np.array(saved["light_colours"], np.uint8),
            order=np.array(saved["order"], np.int64),
        )

    def _parts(self) -> tuple[NDArray[Any], ...]:
        return (
            self.canvas,
            self.colours,
            self.shapes,
            self.sizes,
            self.pixels,
            self.light_colours,
        )


def learn_sprites(frames: NDArray[np.uint8]) -> Sprites:
    """Find the sprites and lights of frames (N, H, W), which should show what there is to see."""
    background = int(np.bincount(frames.ravel()).argmax())
    still = (frames == frames[0]).all(0)
    canvas = np.where(still, frames[0], background).astype(np.uint8)
    shapes: dict[int, list[NDArray[np.bool_]]] = {}
    lights: list[tuple[int, NDArray[np.int64]]] = []
    above = np.zeros((256, 256), np.int64)  # how often the first was seen on the second
    for colour in np.unique(frames[:, ~still]).tolist():
        if colour == background:
            continue
        found = _shapes(frames, canvas, colour, above)
        if found:
            shapes[colour] = found
        else:
            lights += [(colour, places) for places in _lights(frames, canvas, colour)]
    colours = np.array(list(shapes), np.uint8)
    won = above[np.ix_(colours, colours)]
    padded, sizes = _padded(list(shapes.values()))
    pixels = [(number, *place) for number, (_, places) in enumerate(lights) for place in places]
    return Sprites(
        canvas=canvas,
        colours=colours,
        shapes=padded,
        sizes=sizes,
        pixels=np.array(pixels, np.int64).reshape(-1, 3),
        light_colours=np.array([colour for colour, _ in lights], np.uint8),
        order=np.argsort((won - won.T).sum(1), kind="stable"),
    )


def _padded(
    shapes: list[list[NDArray[np.bool_]]],
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Shapes of S sprites in one array (S, A, h, w), and their sizes (S, A, 2)."""
    extents = [shape.shape for found in shapes for shape in found]
    height, width = np.max(extents, 0) if extents else (0, 0)
    most = max(map(len, shapes), default=0)
    padded = np.zeros((len(shapes), most, height, width), np.uint8)
    sizes = np.zeros((len(shapes), most, 2), np.int64)
    for sprite, found in enumerate(shapes):
        for number, shape in enumerate(found):
            sizes[sprite, number] = shape.shape
            padded[sprite, number, : shape.shape[0], : shape.shape[1]] = shape
    return padded, sizes


def _shapes(
    frames: NDArray[np.uint8], canvas: NDArray[np.uint8], colour: int, above: NDArray[np.int64]
) -> list[NDArray[np.bool_]]:
    """The shapes of a colour, the largest first; none if there are more than FEW. What is seen of a
    shape that something covers is not one of its own; `above` counts what covers what."""
    masks = (frames == colour) & (frames != canvas)  # (N, H, W)
    order = np.argsort(-masks.sum((1, 2)), kind="stable")
    known: set[bytes] = set()
    shapes: list[NDArray[np.bool_]] = []
    for item in order:
        mask, frame = masks[item], frames[item]
        key = mask.tobytes()
        if key in known or not mask.any():
            continue
        known.add(key)
        if any(_explains(shape, frame, canvas, colour, above) for shape in shapes):
            continue
        if len(shapes) == FEW:
            return []
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        shapes.append(mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    return shapes


def _explains(
    shape: NDArray[np.bool_],
    frame: NDArray[np.uint8],
    canvas: NDArray[np.uint8],
    colour: int,
    above: NDArray[np.int64],
) -> bool:
    """Whether a shape, partly covered or not, is what is seen of a colour in a frame."""
    counts, boxes = np.zeros(256, np.int64), np.zeros((256, 4), np.int64)
    measure(frame, canvas, counts, boxes)
    place, size = np.zeros(2, np.int64), np.array(shape.shape)
    mask = shape.astype(np.uint8)
    if not find_shape(frame, canvas, colour, counts[colour], boxes[colour], mask, size, place):
        return False
    (top, left), (height, width) = place, shape.shape
    covering = frame[top : top + height, left : left + width][shape]
    above[:, colour] += np.bincount(covering[covering != colour], minlength=len(above))
    return True


def _lights(
    frames: NDArray[np.uint8], canvas: NDArray[np.uint8], colour: int
) -> list[NDArray[np.int64]]:
    """The pixels that show a colour, those that always do so together in one array (n, 2)."""
    masks = (frames == colour) & (frames != canvas)
    places = np.argwhere(masks.any(0))  # (n, 2)
    together: dict[bytes, list[NDArray[np.int64]]] = {}
    for place in places:
        history = np.packbits(masks[:, place[0], place[1]]).tobytes()
        together.setdefault(history, []).append(place)
    return [np.array(group) for group in together.values()]
