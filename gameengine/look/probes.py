"""Linear probes: how much of each true variable can be read off a hidden state by a weighted sum.

Alain and Bengio, "Understanding intermediate layers using linear classifier probes", 2016.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from gameengine.look.hidden_parts import features, standard, together
from gameengine.look.watch import Bar, Watched

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)  # of the ridge, beside features of unit spread
FEW = 16  # variables of so many values are also told apart by a classifier
STILL = 0.02  # of the variance over all ticks: a variable that varies less at a tick is not judged
ALL = "everything"
Table = NDArray[np.float64]


@dataclass(frozen=True)
class Probed:
    """What probes read, on rollouts that they were not fitted to. NaN: not judged.

    names: of the V variables that vary. of_all: R^2 by tick of one probe for all ticks, for each
    tensor and for everything together; of_each: of a probe for each tick, from everything; right:
    share that a classifier for all ticks tells, from everything, and `usual`: the share of the most
    frequent value.
    """

    names: tuple[str, ...]
    of_all: dict[str, Table]  # (V, M)
    of_each: Table  # (V, M)
    right: Table  # (V, M)
    usual: Table  # (V,)


def probe(watched: Watched, dream: int, colours: int, bar: Bar = lambda it, _: it) -> Probed:
    """Probes of the engine number `dream`, fitted to one half of the rollouts, judged by the
    other."""
    names, truth = varying(watched.truth)
    fitting, ticks = len(truth) // 2, truth.shape[1]
    held = {
        name: features(value, fitting, colours) for name, value in watched.dreams[dream].items()
    }
    sources = {name: standard(part, fitting) for name, part in held.items()}
    sources = {name: part for name, part in sources.items() if bool(part.any())}
    if len(sources) == 1:  # it is everything
        sources = {}
    of_all = {
        name: scores(truth, across_ticks(part, truth, fitting), fitting)
        for name, part in bar(sources.items(), "probe each tensor")
    }
    everything = together(held, fitting)
    kinds = _one_hots(truth)
    said = across_ticks(everything, torch.cat([truth, *kinds.values()], 2), fitting)
    said, *guesses = said.split([len(names), *(hot.shape[2] for hot in kinds.values())], 2)
    of_all[ALL] = scores(truth, said, fitting)
    right, usual = np.full(said.shape[:0:-1], np.nan), np.full(len(names), np.nan)
    for (index, hot), guess in zip(kinds.items(), guesses, strict=True):
        told = guess.argmax(2) == hot.argmax(2)  # (N, M)
        right[index] = told[fitting:].double().mean(0).numpy()
        usual[index] = float(hot[fitting:].mean((0, 1)).max())
    at_ticks = [
        across_ticks(everything[:, [at]], truth[:, [at]], fitting)
        for at in bar(range(ticks), "probe each tick")
    ]
    return Probed(names, of_all, scores(truth, torch.cat(at_ticks, 1), fitting), right, usual)


def varying(truth: Mapping[str, Table]) -> tuple[tuple[str, ...], Tensor]:
    """The variables (N, M) that differ in both halves of the rollouts: names and (N, M, V)."""
    half = len(next(iter(truth.values()))) // 2
    names = [
        name for name, values in truth.items() if np.ptp(values[:half]) and np.ptp(values[half:])
    ]
    stacked = [torch.from_numpy(truth[name]) for name in names]
    empty = torch.zeros(*next(iter(truth.values())).shape, 0, dtype=torch.float64)
    return tuple(names), torch.stack(stacked, 2) if stacked else empty


def across_ticks(seen: Tensor, targets: Tensor, fitting: int) -> Tensor:
    """Ridge regression of targets (N, M, V) on seen (N, M, F), one probe for all M ticks, fitted to
    the first `fitting` rollouts. Its strength is chosen for each target on a quarter of those.
    Returns what it says of all (N, M, V)."""
    inside = max(1, fitting * 3 // 4)
    tried = _ridge(seen, targets, inside, STRENGTHS)  # (S, N, M, V)
    missed = (tried - targets)[:, inside:fitting].square().mean((1, 2))  # (S, V)
    best, number = missed.argmin(0).unique(return_inverse=True)
    said = _ridge(seen, targets, fitting, [STRENGTHS[index] for index in best.tolist()])
    return said.movedim(3, 0)[torch.arange(targets.shape[2]), number].movedim(0, 2)


def scores(truth: Tensor, said: Tensor, fitting: int) -> Table:
    """R^2 (V, M) over the rollouts from `fitting` on, by tick."""
    judged, told = truth[fitting:], said[fitting:]
    mean = judged.mean(0)
    variance = (judged - mean).square().mean(0)  # (M, V)
    whole = judged.flatten(0, 1).var(0, correction=0)
    share = 1 - (judged - told).square().mean(0) / variance
    return torch.where(variance > STILL * whole, share, torch.nan).T.numpy()


def _ridge(seen: Tensor, targets: Tensor, fitting: int, strengths: Sequence[float]) -> Tensor:
    """Closed form, in samples or in features, whichever are fewer. Returns what a probe of each
    strength says, (S, N, M, V) float64."""
    samples, wanted = seen[:fitting].flatten(0, 1).double(), targets[:fitting].flatten(0, 1)
    middle, mean = samples.mean(0), wanted.mean(0)
    samples, wanted = samples - middle, wanted - mean
    count, width = samples.shape
    tall = width <= count
    gram = samples.T @ samples if tall else samples @ samples.T
    goal = samples.T @ wanted if tall else wanted
    said = []
    for strength in strengths:
        ridge = gram.clone()
        ridge.diagonal().add_(strength * count)
        solved = torch.linalg.solve(ridge, goal)
        weights = solved if tall else samples.T @ solved
        said.append((seen.double() - middle) @ weights + mean)
    return torch.stack(said)


def _one_hots(truth: Tensor) -> dict[int, Tensor]:
    """Index of each variable of at most FEW values -> which it has, (N, M, values)."""
    found = {}
    for index in range(truth.shape[2]):
        values, numbers = truth[..., index].unique(return_inverse=True)
        if len(values) <= FEW:
            found[index] = F.one_hot(numbers, len(values)).double()
    return found
