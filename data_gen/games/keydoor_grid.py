"""Key-door's grid: the actions, what its cells are and look like, and reading them off a frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from data_gen.kernels import FRAME, kernel

STAY, UP, DOWN, LEFT, RIGHT = range(5)  # actions
PERSON, STONE, BASE, GOLD, FIRST_COLOUR = 1, 2, 3, 4, 5  # of the palette; 0 is the background

SIDE = 4  # of a cell, px; so a row of its pixels is one word of 32 bits
COLOUR_NAMES = ("red", "green", "blue", "violet")  # that keys and doors can have
COLOURS = len(COLOUR_NAMES)
FLOOR, WALL, NICHE, CHEST = range(4)  # what a cell is; with a colour of 0 to 3 added:
KEY, DOOR, OPEN_DOOR = 4, 8, 12

_PICTURES = (  # of the kinds of cells; c is any colour
    ("....", "....", "....", "...."),
    ("####", "####", "####", "####"),
    ("_.._", "....", "....", "_.._"),
    ("$$$$", "$..$", "$$$$", "$$$$"),
    ("_cc_", ".cc.", ".c..", "_cc_"),
    ("cccc", "c..c", "cc.c", "cccc"),
    ("cccc", "....", "....", "cccc"),
)
_FIGURE = (".@@.", "@@@@", ".@@.", "@..@")  # the person; what is below shows where there are dots


def _words(picture: Sequence[str], colour: int = 0) -> NDArray[np.uint32]:
    """The four rows of a cell, each as the word that it is in a frame's memory."""
    inks = {mark: ink for ink, mark in enumerate(".@#_$")} | {"c": FIRST_COLOUR + colour}
    return np.array([[inks[mark] for mark in line] for line in picture], np.uint8).view(np.uint32)


_COLOURED = [_words(drawn, colour) for drawn in _PICTURES[CHEST + 1 :] for colour in range(COLOURS)]
TILES = np.hstack([*map(_words, _PICTURES[: CHEST + 1]), *_COLOURED]).T.copy()  # (kinds, 4)
FIGURE = _words(_FIGURE)[:, 0].copy()  # (4,)
BELOW = np.where(FIGURE.view(np.uint8) == 0, 255, 0).astype(np.uint8).view(np.uint32)  # (4,) masks


@kernel(types.int64(FRAME, types.int64, types.int64))
def kind_seen(frame: Any, row: Any, column: Any) -> Any:
    """What a cell is, from the frame alone: WALL, CHEST, KEY, DOOR if closed, or else FLOOR."""
    corner = frame[row * SIDE, column * SIDE]
    if corner in (STONE, GOLD):
        return WALL if corner == STONE else CHEST
    if corner == BASE:
        return KEY if frame[row * SIDE + 1, column * SIDE + 1] >= FIRST_COLOUR else FLOOR
    closed = corner >= FIRST_COLOUR and frame[row * SIDE + 1, column * SIDE] == corner
    return DOOR if closed else FLOOR
