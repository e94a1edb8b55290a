"""Everything that is found out about one learned game, and its figures as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from data_gen.errors import UserError
from data_gen.players import Cast
from data_gen.randomness import held_out_seeds
from gameengine.learned_game import LearnedGame
from gameengine.look.hidden_parts import held, label
from gameengine.look.influence import (
    Scene,
    draw_scene,
    gradients,
    of_actions,
    of_hidden,
    of_inputs,
    of_patches,
)
from gameengine.look.layers import Remembered, remembered
from gameengine.look.probes import ALL, Probed, Table, probe, varying
from gameengine.look.watch import Bar, Ticks, untrained_like, watch

LATER = (1, 8)  # ticks after another action


@dataclass(frozen=True)
class Asked:
    """How much is looked at. scenes: from which influence is measured; painted: of them those whose
    pixels are painted, which takes long."""

    rollouts: int = 256
    ticks: int = 128
    seed: int = 7
    scenes: int = 32
    painted: int = 8


@dataclass(frozen=True)
class Findings:
    """What the page shows. labels: tensor of the hidden state -> what it is called."""

    marks: Ticks  # (M,)
    exact: Table  # (M,) share of exact frames
    probed: Probed
    untrained: Probed
    scene: Scene
    patches: tuple[Tensor, Tensor]  # see influence.of_patches
    actions: Tensor | None  # see influence.of_actions; None: there is only one
    inputs: dict[str, float]
    swapped: dict[str, Tensor]
    slopes: dict[str, Tensor]
    remembered: Remembered | None
    labels: dict[str, str]


def find(learned: LearnedGame, cast: Cast, asked: Asked, bar: Bar = lambda it, _: it) -> Findings:
    """Look at a learned game. Raises UserError if nothing varies in what was asked for."""
    engine = learned.engine
    scene = draw_scene(learned.truth, cast, held_out_seeds(asked.seed + 1, asked.scenes))
    games = [learned, LearnedGame(untrained_like(engine, asked.seed))]
    seeds = held_out_seeds(asked.seed, asked.rollouts)
    watched = watch(games, cast, seeds, asked.ticks, bar)
    if not varying(watched.truth)[0]:
        raise UserError("no true variable varies in these rollouts; ask for more of them, or ticks")
    colours = len(engine.spec.colours)
    actions = of_actions(engine, scene, LATER) if engine.spec.choices > 1 else None
    return Findings(
        marks=watched.marks,
        exact=watched.exact,
        probed=probe(watched, 0, colours, bar),
        untrained=probe(watched, 1, colours, bar),
        scene=scene,
        patches=of_patches(engine, scene.first(asked.painted), bar),
        actions=actions,
        inputs=of_inputs(engine, scene, actions),
        swapped=of_hidden(engine, scene),
        slopes=gradients(engine, scene),
        remembered=remembered(engine, scene, bar),
        labels={name: label(name, engine) for name in held(scene.hidden(engine))} | {ALL: ALL},
    )


def figures(found: Findings) -> dict[str, Any]:
    """Plain values; None for what was not judged. R^2 and accuracy at the last tick, memory in
    ticks, influence in pixels of the next frame."""
    probed, last = found.probed, int(found.marks[-1])
    marks = [int(found.marks[at]) for at in few(found.marks)]

    def at_last(table: Table) -> dict[str, float | None]:
        return {name: _plain(row[-1]) for name, row in zip(probed.names, table, strict=True)}

    kept = found.remembered
    return {
        "exact_frames": _plain(found.exact[-1]),
        "tick": last,
        "r2": at_last(probed.of_all[ALL]),
        "r2_each_tick": at_last(probed.of_each),
        "r2_untrained": at_last(found.untrained.of_all[ALL]),
        "r2_by_tensor": {
            found.labels[name]: at_last(table) for name, table in probed.of_all.items()
        },
        "r2_over_time": {
            name: {
                str(mark): _plain(row[at]) for mark, at in zip(marks, few(found.marks), strict=True)
            }
            for name, row in zip(probed.names, probed.of_all[ALL], strict=True)
        },
        "accuracy": at_last(probed.right),
        "influence": {name: round(value, 3) for name, value in found.inputs.items()},
        "memory": None
        if kept is None
        else {
            found.labels[name]: None if ticks is None else round(ticks, 2)
            for name, ticks in kept.memory.items()
        },
    }


def few(marks: Ticks) -> list[int]:
    """Which of the marks a table shows: 0, 1, 4, 16, 64, ... and the last, as nearly as there
    are."""
    wanted = [0, *(4**power for power in range(8) if 4**power < 0.7 * marks[-1]), marks[-1]]
    return sorted({int(np.abs(marks - tick).argmin()) for tick in wanted})


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)
