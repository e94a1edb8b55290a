"""How long the layers of a recurrent engine remember: an action is changed once, and the
difference that it makes to each layer's state is followed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gameengine.engine import Engine, Hidden
from gameengine.look.hidden_parts import newest_states
from gameengine.look.influence import SETTLED, Scene
from gameengine.look.watch import Bar

FOLLOWED = 64  # ticks
Curve = NDArray[np.float64]


@dataclass(frozen=True)
class Remembered:
    """Of each layer, by the name of its tensor.

    difference (FOLLOWED,): at 0, 1, ... ticks after the tick with another action, in parts of the
    state's spread. memory: mean ticks since that action, weighted by the difference; None if there
    is none. slowness: 10th percentile, median and 90th of its units' autocorrelation times, in
    ticks.
    """

    difference: dict[str, Curve]
    memory: dict[str, float | None]
    slowness: dict[str, tuple[float, float, float]]


def remembered(engine: Engine, scene: Scene, bar: Bar = lambda it, _: it) -> Remembered | None:
    """None for engines without recurrent state. The scene's actions are repeated if they are fewer
    than SETTLED + FOLLOWED."""
    actions = scene.actions
    while actions.shape[1] < SETTLED + FOLLOWED:
        actions = torch.cat([actions, scene.actions], 1)
    with torch.inference_mode():
        hidden = scene.hidden(engine)
        if not newest_states(hidden):
            return None
        for tick in range(SETTLED):
            hidden = engine.advance(hidden, actions[:, tick])
        follow = actions[:, SETTLED : SETTLED + FOLLOWED]
        usual = _states(engine, hidden, follow, bar)
        other = _states(engine, hidden, _changed(follow, engine.spec.choices), bar)
    differences = {name: _difference(usual[name], other[name]) for name in usual}
    lags = np.arange(FOLLOWED)
    return Remembered(
        difference=differences,
        memory={
            name: float((lags * curve).sum() / curve.sum()) if curve.any() else None
            for name, curve in differences.items()
        },
        slowness={name: slowness(states) for name, states in usual.items()},
    )


def slowness(states: Tensor) -> tuple[float, float, float]:
    """How many ticks it takes until a unit's autocorrelation falls below 1/e, at most half of the
    ticks: 10th percentile, median and 90th of the units of states (N, T, W). A unit that does not
    change is left out."""
    centred = states - states.mean((0, 1))
    power = centred.square().mean((0, 1))  # (W,)
    centred, power = centred[..., power > 1e-12], power[power > 1e-12]
    if not len(power):
        return 0.0, 0.0, 0.0
    longest = states.shape[1] // 2
    times = torch.full((len(power),), float(longest))
    for lag in range(longest - 1, 0, -1):  # backwards: the first lag below stays
        correlation = (centred[:, lag:] * centred[:, :-lag]).mean((0, 1)) / power
        times[correlation < 1 / np.e] = lag
    low, middle, high = np.percentile(times.numpy(), [10, 50, 90])
    return float(low), float(middle), float(high)


def _changed(actions: Tensor, choices: int) -> Tensor:
    """Another action of one player at the first tick; players take turns over the scenes."""
    changed = actions.clone()
    items = torch.arange(len(actions))
    player = items % actions.shape[2]
    shift = 1 + (items // actions.shape[2]) % max(1, choices - 1)
    changed[items, 0, player] = (changed[items, 0, player] + shift) % choices
    return changed


def _states(engine: Engine, hidden: Hidden, actions: Tensor, bar: Bar) -> dict[str, Tensor]:
    """The newest states of each layer after each tick: name -> (N, T, W)."""
    seen = []
    for tick in bar(range(actions.shape[1]), "memory"):
        hidden = engine.advance(hidden, actions[:, tick])
        seen.append(newest_states(hidden))
    return {name: torch.stack([at[name] for at in seen], 1) for name in seen[0]}


def _difference(usual: Tensor, other: Tensor) -> Curve:
    """Root mean square over scenes and units, in parts of each unit's spread: (T,)."""
    spread = usual.flatten(0, 1).std(0)
    spread = spread.clamp(min=max(1e-6, 0.01 * float(spread.mean())))  # (W,)
    return ((other - usual) / spread).square().mean((0, 2)).sqrt().double().numpy()
