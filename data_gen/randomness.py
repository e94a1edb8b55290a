"""Seeded randomness that gives the same bytes on every machine, for a whole batch at once.

A draw is a hash of (seed, stream, counter), so no generator state is carried and item i does not
depend on its neighbours. The hash is SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
HELD_OUT = np.uint64(1 << 63)  # seeds with this bit are for evaluation; training never sees one


def hash64(*values: NDArray[np.uint64] | int) -> NDArray[np.uint64]:
    """Hash broadcastable uint64 arrays (or ints) together. Returns uint64 of the common shape."""
    mixed = np.zeros((), np.uint64)
    with np.errstate(over="ignore"):  # arithmetic modulo 2^64 is meant
        for value in values:
            mixed = mixed ^ np.asarray(value, np.uint64)
            mixed = mixed + _GAMMA
            mixed = (mixed ^ (mixed >> np.uint64(30))) * _MIX_1
            mixed = (mixed ^ (mixed >> np.uint64(27))) * _MIX_2
            mixed = mixed ^ (mixed >> np.uint64(31))
    return mixed


def integers(
    bound: int | NDArray[np.integer], *values: NDArray[np.uint64] | int
) -> NDArray[np.int64]:
    """Integers in [0, bound) from the hash of `values`. The bias is below bound / 2^32."""
    high = hash64(*values) >> np.uint64(32)
    return ((high * np.asarray(bound, np.uint64)) >> np.uint64(32)).astype(np.int64)


def chance(probability: float, *values: NDArray[np.uint64] | int) -> NDArray[np.bool_]:
    """True with `probability` (resolution 2^-32)."""
    threshold = np.uint64(round(probability * (1 << 32)))
    return (hash64(*values) >> np.uint64(32)) < threshold


def training_seeds(seed: int, first: int, count: int) -> NDArray[np.uint64]:
    """Seeds number first .. first + count - 1 of the training stream `seed`. Returns (count,)."""
    index = np.arange(first, first + count, dtype=np.uint64)
    return hash64(seed, index) & ~HELD_OUT


def held_out_seeds(seed: int, count: int) -> NDArray[np.uint64]:
    """`count` seeds that no training stream can contain. Returns (count,)."""
    return hash64(seed, np.arange(count, dtype=np.uint64)) | HELD_OUT
