"""The kernels that all games share, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from data_gen.drawing import fill, find
from data_gen.kernels import below, draw_integer, fold, happens, one_of, threshold_of
from data_gen.options import listed
from data_gen.randomness import chance, hash64, integers

WORDS = st.integers(0, 2**64 - 1)
SHAPES = st.tuples(st.integers(1, 40), st.integers(1, 40))


@given(values=st.lists(WORDS, min_size=1, max_size=5))
def test_folding_is_hashing(values: list[int]) -> None:
    mixed = np.uint64(0)
    for value in values:
        mixed = np.uint64(fold(mixed, np.uint64(value)))
    assert mixed == hash64(*values)


@given(seed=WORDS, stream=st.integers(0, 2**31), bound=st.integers(1, 2**31))
def test_integers_are_those_of_randomness(seed: int, stream: int, bound: int) -> None:
    wanted = int(integers(bound, seed, stream))
    assert draw_integer(np.uint64(seed), stream, bound) == wanted
    assert below(np.uint64(hash64(seed, stream)), bound) == wanted
    assert 0 <= wanted < bound


@given(seed=WORDS, probability=st.one_of(st.floats(0, 1), st.sampled_from([0.0, 1.0, 1e-12])))
def test_chances_are_those_of_randomness(seed: int, probability: float) -> None:
    happened = happens(np.uint64(hash64(seed)), threshold_of(probability))
    assert happened == bool(chance(probability, seed))
    assert happened or probability < 1
    assert not happened or probability > 0


@given(
    lists=st.lists(st.lists(st.integers(-99, 99), min_size=1, max_size=6), min_size=1, max_size=4),
    seed=WORDS,
    stream=st.integers(0, 99),
    offset=st.integers(0, 5),
)
def test_one_of_a_list_is_drawn(
    lists: list[list[int]], seed: int, stream: int, offset: int
) -> None:
    rules, place = np.array([7] * offset + listed(lists), np.int64), offset
    for values in lists:
        wanted = values[int(integers(len(values), seed, stream))]
        assert one_of(rules, place, np.uint64(seed), stream) == wanted
        place += 1 + len(values)


@given(
    shape=SHAPES,
    corner=st.tuples(st.integers(0, 39), st.integers(0, 39)),
    size=st.tuples(st.integers(0, 40), st.integers(0, 40)),
    colour=st.integers(0, 255),
)
def test_a_rectangle_is_filled(
    shape: tuple[int, int], corner: tuple[int, int], size: tuple[int, int], colour: int
) -> None:
    (top, left), (height, width) = corner, size
    assume(top + height <= shape[0] and left + width <= shape[1])
    frame = np.arange(shape[0] * shape[1]).reshape(shape).astype(np.uint8)
    wanted = frame.copy()
    wanted[top : top + height, left : left + width] = colour
    fill(frame, top, left, height, width, colour)
    np.testing.assert_array_equal(frame, wanted)


@given(shape=SHAPES, seed=st.integers(0, 99), density=st.sampled_from([0.0, 0.002, 0.1, 1.0]))
@settings(deadline=None)
def test_the_first_pixel_of_a_colour_is_found(
    shape: tuple[int, int], seed: int, density: float
) -> None:
    frame = (np.random.default_rng(seed).random(shape) < density).astype(np.uint8) * 3
    places = np.flatnonzero(frame == 3)
    assert find(frame, 4, 0) == -1
    for first in range(frame.size + 1):
        later = places[places >= first]
        assert find(frame, 3, first) == (later[0] if len(later) else -1)


@pytest.mark.parametrize("place", [0, 62, 63, 64, 65, 127, 128, 1023])
def test_a_single_pixel_is_found_wherever_it_is(place: int) -> None:
    frame = np.zeros((32, 32), np.uint8)
    frame.reshape(-1)[place] = 200
    assert find(frame, 200, 0) == place
    assert find(frame, 200, place) == place
    assert find(frame, 200, place + 1) == -1
