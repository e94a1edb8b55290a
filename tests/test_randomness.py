"""Randomness against the published SplitMix64, and against what chance must look like."""

from __future__ import annotations

import numpy as np

from data_gen.randomness import (
    HELD_OUT,
    chance,
    hash64,
    held_out_seeds,
    integers,
    training_seeds,
)

# The first outputs of SplitMix64 from these seeds, as published with Vigna's splitmix64.c.
FROM_ZERO = 0xE220A8397B1DCDAF
FROM_1234567 = (6457827717110365317, 3203168211198807973, 9817491932198370423)
GAMMA = 0x9E3779B97F4A7C15


def test_one_value_is_hashed_as_splitmix64_does() -> None:
    assert hash64(0) == FROM_ZERO
    seeds = [(1234567 + steps * GAMMA) % 2**64 for steps in range(3)]
    assert hash64(np.array(seeds, np.uint64)).tolist() == list(FROM_1234567)


def test_several_values_are_hashed_one_after_the_other() -> None:
    assert hash64(7, 0) == hash64(hash64(7))
    assert hash64(7, 5) == hash64(int(hash64(7)) ^ 5)
    assert hash64(7, 5) != hash64(5, 7)
    grid = hash64(np.arange(3, dtype=np.uint64)[:, None], np.arange(4, dtype=np.uint64))
    assert grid.shape == (3, 4)
    assert grid[2, 3] == hash64(2, 3)


def test_a_draw_does_not_depend_on_its_neighbours() -> None:
    seeds = np.arange(100, dtype=np.uint64)
    together = integers(1000, seeds, 3)
    assert together.tolist() == [int(integers(1000, seed, 3)) for seed in seeds.tolist()]


def test_integers_are_uniform_below_their_bound() -> None:
    draws = integers(7, np.arange(70_000, dtype=np.uint64), 1)
    counts = np.bincount(draws, minlength=7)
    assert len(counts) == 7
    # Pearson's statistic with 6 degrees of freedom is above 27.9 once in 10,000 times.
    assert ((counts - 10_000) ** 2 / 10_000).sum() < 27.9
    bounds = np.array([1, 2, 3])
    assert (integers(bounds, np.arange(300, dtype=np.uint64)[:, None], 2) < bounds).all()


def test_streams_and_neighbouring_seeds_are_independent() -> None:
    seeds = np.arange(20_000, dtype=np.uint64)
    first, second = integers(2, seeds, 1), integers(2, seeds, 2)
    # Agreement of fair coins: 10,000 of 20,000, standard deviation 71.
    assert abs((first == second).sum() - 10_000) < 300
    assert abs((first[1:] == first[:-1]).sum() - 10_000) < 300


def test_chance_is_as_likely_as_it_says() -> None:
    seeds = np.arange(40_000, dtype=np.uint64)
    for probability in (0.1, 0.35, 0.9):
        assert abs(chance(probability, seeds, 4).mean() - probability) < 0.01
    assert not chance(0.0, seeds).any()
    assert chance(1.0, seeds).all()


def test_held_out_seeds_are_never_seeds_of_training() -> None:
    training, held_out = training_seeds(3, 0, 5000), held_out_seeds(3, 5000)
    assert not np.intersect1d(training, held_out).size
    assert not (training & HELD_OUT).any()
    assert (held_out & HELD_OUT).all()
    for seeds in (training, held_out):
        assert seeds.dtype == np.uint64
        assert len(np.unique(seeds)) == 5000


def test_training_seeds_are_one_stream_wherever_it_is_entered() -> None:
    whole = training_seeds(3, 0, 10)
    np.testing.assert_array_equal(training_seeds(3, 4, 6), whole[4:])
    assert (training_seeds(4, 0, 10) != whole).all()
