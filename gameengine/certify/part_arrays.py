"""What the loop over all transitions reads and writes; see part_kernels.py."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

STRIDE, PART, WORD = 8, 9, 10  # of a digit, behind its variable
KEPT = 50  # mistakes of each event that are remembered


class Graph(NamedTuple):
    """See `World`. events (K,): of the kinds. moves (A ** P, P + 1): joint actions, and room for
    the kind of the tick."""

    tokens: NDArray[np.uint8]
    exact: NDArray[np.bool_]
    frame_of: NDArray[np.uint32]
    after: NDArray[np.uint32]
    kind: NDArray[np.uint8]
    events: NDArray[np.int64]
    moves: NDArray[np.int64]


class Ways(NamedTuple):
    """See `World.ways_to`. frames: of the states from `first` on, or one that nobody looks at."""

    first: int
    ends: NDArray[np.int64]
    shown: NDArray[np.uint32]
    frames: NDArray[np.uint8]


class Digits(NamedTuple):
    """Of M networks. now, before, after (D, 11): digits by what they need, each a variable as in
    look_at, what its value counts, in which network's key, and in which word of it. later (M,):
    whether there are digits that need what was before. shows (M,): whether the network says what a
    frame shows."""

    now: NDArray[np.int64]
    before: NDArray[np.int64]
    after: NDArray[np.int64]
    later: NDArray[np.bool_]
    shows: NDArray[np.bool_]


class Found(NamedTuple):
    """Counts of transitions: asked and wrong (E,), and by_part (M,): those that a network is wrong
    in. mistakes (E, KEPT, 3): the first ones, as in `Fresh.where`. noted (E,): how many of them."""

    asked: NDArray[np.int64]
    wrong: NDArray[np.int64]
    by_part: NDArray[np.int64]
    mistakes: NDArray[np.int64]
    noted: NDArray[np.int64]


class Space(NamedTuple):
    """Working space. tokens (1, 3, V), actions (1, P + 1), frames (1, H, W), values (1, 1). now,
    then (M, W): what is known of each key, and with the action. key (1, W): one, with what was
    before. before (R * M, W), weights and example (R,): what that was before adds to the keys, in
    how many frames, and one of these. shown (R,): frames that may have been before."""

    tokens: NDArray[np.int64]
    actions: NDArray[np.int64]
    frames: NDArray[np.uint8]
    values: NDArray[np.int64]
    now: NDArray[np.int64]
    then: NDArray[np.int64]
    key: NDArray[np.int64]
    before: NDArray[np.int64]
    weights: NDArray[np.int64]
    example: NDArray[np.int64]
    shown: NDArray[np.int64]
