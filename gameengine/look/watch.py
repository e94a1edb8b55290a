"""Truth and dreams side by side: what is true and what the hidden states are, at chosen ticks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from data_gen.game import Seeds
from data_gen.players import Cast
from data_gen.rollout import play
from gameengine.engine import Engine
from gameengine.learned_game import LearnedGame
from gameengine.look.hidden_parts import Recorder
from gameengine.look.truth import true_variables

Ticks = NDArray[np.int64]
Bar = Callable[[Iterable[Any], str], Iterable[Any]]  # shows how far a loop has come, and its name


@dataclass(frozen=True)
class Watched:
    """N rollouts at M of their ticks."""

    marks: Ticks  # (M,): ticks after the context, the first is 0
    truth: dict[str, NDArray[np.float64]]  # name of a variable -> (N, M)
    dreams: list[dict[str, Tensor]]  # of each engine: what its hidden state held, (N, M, ...)
    exact: NDArray[np.float64]  # (M,): share of frames of the first engine that were exact


def chosen_ticks(ticks: int) -> Ticks:
    """At most 64 of the ticks 0 to `ticks`, dense at the beginning."""
    early = np.geomspace(1, ticks, 16).round()
    return np.unique(np.concatenate([np.linspace(0, ticks, 49).round(), early])).astype(np.int64)


def untrained_like(engine: Engine, seed: int) -> Engine:
    """An engine of the same class and options that has learned nothing."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return type(engine)(engine.spec, **engine.options)


def watch(
    games: Sequence[LearnedGame], cast: Cast, seeds: Seeds, ticks: int, bar: Bar = lambda it, _: it
) -> Watched:
    """Let the dreams run freely beside the truth, all with the same actions: those that the players
    choose who see the true frames. seeds (N,)."""
    truth = games[0].truth
    marks = chosen_ticks(ticks)
    begun = [game.init_beside_truth(seeds) for game in games]
    state, dreams = begun[0][0], [dream for _, dream in begun]
    recorders = [Recorder() for _ in games]
    variables, kept, exact = [], [[] for _ in games], []
    later = play(truth, cast, seeds, state)
    frames = truth.render(state)
    for tick in bar(range(ticks + 1), "dream"):
        if tick:
            [(actions, state, frames)] = islice(later, 1)
            dreams = [game.step(dream, actions) for game, dream in zip(games, dreams, strict=True)]
        if tick in marks:
            variables.append(true_variables(truth, state))
            exact.append((dreams[0].frames == frames).all((1, 2, 3)).mean())
            for record, into, dream in zip(recorders, kept, dreams, strict=True):
                into.append(record(dream.hidden))
    return Watched(
        marks=marks,
        truth={name: np.stack([at[name] for at in variables], 1) for name in variables[0]},
        dreams=[
            {name: torch.stack([at[name] for at in into], 1) for name in into[0]} for into in kept
        ],
        exact=np.array(exact),
    )
