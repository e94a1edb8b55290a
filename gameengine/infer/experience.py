"""Which velocities there are, known from games that were watched: the fewest that explain them.

Hindsight says how a thing flew. Where an engine has learned velocities that nothing has, what it
says to have them is explained as well by others. Those shares of all velocities under which the
flights are likeliest have none that is not needed: the likeliest mixture is sparse.

Dempster, Laird and Rubin, "Maximum likelihood from incomplete data via the EM algorithm", 1977;
Lindsay, "The geometry of mixture likelihoods: a general theory", 1983.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from data_gen.players import make_players
from data_gen.randomness import training_seeds
from data_gen.rollout import roll_out
from gameengine.engines.slots import SlotsEngine
from gameengine.learned_game import LearnedGame

PLAYERS = ["random", "sticky", "tracker:0.7"]
GAMES, TICKS = 256, 192
LONG = 6  # frames of a flight that tell how fast it was
ROUNDS = 300
RARE = 1e-3  # of all flights, the share below which a velocity is taken for a mistake


@dataclass(frozen=True)
class Experience:
    """What is known of games before any is asked about."""

    speeds: Tensor  # (K, 2): that the smooth sprite may have, down and across, in steps a tick
    shares: Tensor  # (K,): how often
    descriptions: Tensor  # (N, D): of the games that were watched


def watch(learned: LearnedGame, engine: SlotsEngine, seed: int = 0) -> Experience:
    """What an engine knows of games that training could have seen."""
    seeds = training_seeds(seed, 0, GAMES)
    played = roll_out(learned.truth, make_players(PLAYERS), seeds, TICKS)
    description = torch.from_numpy(played.description)
    places, motion = engine.watch(
        torch.from_numpy(played.frames),
        torch.from_numpy(played.actions.astype(np.int64)),
        description,
        np.random.default_rng(seed),
    )
    fine = engine.options["fine"]
    flights = flights_of(places.numpy(), motion.numpy(), fine)
    speeds = np.unique([velocity for _, velocity in flights], axis=0)  # (K, 2)
    likely = np.array([explained(seen, speeds, fine) for seen, _ in flights])  # (N, K)
    shares = mixed(likely)
    often = shares >= RARE
    known = torch.from_numpy(speeds[often]), torch.from_numpy(shares[often]).float()
    return Experience(*known, description)


def flights_of(
    places: NDArray[np.int64], motion: NDArray[np.int64], fine: int
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Where things flew evenly for at least LONG frames, whole pixels (T, 2), and how fast, (2,) in
    steps a tick: of places (B, T, 2) and of motion (B, T, 4), fractions and speeds."""
    fractions, speeds = motion[..., :2], motion[..., 2:]
    exact = places * fine + fractions
    goes_on = (exact[:, 1:] == exact[:, :-1] + speeds[:, :-1]).all(2)
    goes_on &= (speeds[:, 1:] == speeds[:, :-1]).all(2)  # (B, T - 1)
    found: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    for seen, told, going in zip(places, speeds, goes_on, strict=True):
        first = np.flatnonzero(np.append(True, ~going))
        last = np.append(first[1:], len(seen))
        for begin, end in zip(first, last, strict=True):
            if end - begin >= LONG:
                found.append((seen[begin:end], told[begin]))
    return found


def explained(
    places: NDArray[np.int64], speeds: NDArray[np.int64], fine: int
) -> NDArray[np.float64]:
    """(K,): how likely each velocity (K, 2) makes whole pixels (T, 2), if at first all fractions
    are equally likely."""
    ticks = np.arange(len(places))
    moved = places - places[0]
    steps = np.arange(fine)[:, None] + speeds.T[:, :, None, None] * ticks  # (2, K, F, T)
    alike = steps // fine == moved.T[:, None, None]
    return alike.all(3).mean(2).prod(0)


def mixed(likely: NDArray[np.float64]) -> NDArray[np.float64]:
    """(K,): of what mixture of K causes N things are likeliest, if likely (N, K) says how likely
    each cause makes each of them."""
    shares = np.full(likely.shape[1], 1 / likely.shape[1])
    for _ in range(ROUNDS):
        shares = shares * (likely / (likely @ shares)[:, None]).mean(0)
    return shares
