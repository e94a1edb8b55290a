"""What `python -m gameengine.infer` does for an engine from which a motion is hidden."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from data_gen.game import Actions, Frames
from data_gen.kernel_game import KernelGame
from data_gen.pictures import write_gif, write_png
from gameengine.engine import Engine
from gameengine.infer.experience import watch
from gameengine.infer.motion import beliefs, check_hides, futures
from gameengine.infer.motion_pictures import Sight, film, picture
from gameengine.infer.true_pong import (
    Rows,
    check_judged,
    consistent,
    forward,
    set_motion,
    velocities,
    windows,
)
from gameengine.learned_game import LearnedGame

RARE = 0.001  # the share below which a velocity is not called possible
AHEAD = 24  # ticks, in which the answer is compared with what came


def infer_motion(asked: argparse.Namespace, engine: Engine) -> int:
    """Find the hidden motion in a few frames of a held-out game; the exit code is 0 if it is exact.
    Raises UserError if there is nothing to find."""
    hides = check_hides(engine)
    learned = LearnedGame(hides)
    truth = check_judged(learned.truth)
    ((whole, rows),) = windows(truth, asked.seed, 1, asked.frames + AHEAD, asked.told)
    window, now = whole.until(asked.frames), rows[asked.frames - 1]
    ahead, coming = whole.actions[asked.frames - 1 :], whole.frames[asked.frames :]
    belief = beliefs(hides, watch(learned, hides), window, asked.seed)[-1]
    best, found = belief.best(), belief.velocities()
    velocity = (int(best[2]), int(best[3]))
    true = tuple(velocities(truth, now[None])[0].tolist())
    possible = velocities(truth, consistent(truth, window, rows[0])[-1])
    result = {
        "engine": str(asked.engine),
        "frames": asked.frames,
        "seed": asked.seed,
        "told": asked.told,
        "velocity": list(velocity),  # down, across, in 1/16 pixel a tick
        "fractions": best[:2].tolist(),
        "likely": round(found[velocity], 4),
        "possible": sum(share >= RARE for share in found.values()),
        "true_velocity": list(true),
        "truly_possible": len(np.unique(possible, axis=0)),
        "exact": velocity == true,
        "same_frames": _same_frames(truth, set_motion(truth, now, best), ahead, coming),
        "out": str(asked.out),
    }
    places = futures(hides, belief, window.frames[-1], ahead)
    sight = Sight(truth.spec, window.frames, places, belief.shares, coming)
    told = f"found: {_flies(velocity)}; true: {_flies(true)}, in 1/16 pixel a tick"
    write_png(asked.out / "motion.png", picture(sight, told))
    write_gif(asked.out / "motion.gif", film(sight, told), fps=6)
    print(json.dumps(result) if asked.json else _in_words(result))
    return 0 if result["exact"] else 1


def _same_frames(truth: KernelGame, row: Rows | None, ahead: Actions, coming: Frames) -> int:
    """For how many ticks the true game, begun in a state (F,), shows what came."""
    same = 0
    for actions, frame in zip(ahead, coming, strict=True):
        if row is None:
            break
        (row,), (shown,) = forward(truth, row[None], actions)
        if (shown != frame).any():
            break
        same += 1
    return same


def _flies(velocity: Sequence[int]) -> str:
    down, across = velocity
    return (
        f"{abs(down)} {'down' if down >= 0 else 'up'} and"
        f" {abs(across)} to the {'right' if across >= 0 else 'left'}"
    )


def _in_words(result: dict[str, Any]) -> str:
    exact, truly = result["exact"], result["truly_possible"]
    told = "told" if result["told"] else "not told"
    verdict = "exact: the true ball flies so" if exact else "not exact: the true ball flies "
    verdict += "" if exact else _flies(result["true_velocity"])
    many = "only one" if truly == 1 else f"{truly}"
    out = result["out"]
    next_step = "" if exact else "\ntry: more --frames, or --told"
    return (
        f"{result['frames']} frames of held-out game {result['seed']}, serve angle {told}\n"
        f"the ball flies {_flies(result['velocity'])}, in 1/16 pixel a tick:"
        f" {result['likely']:.0%} likely, {result['possible']} held for possible\n"
        f"{verdict}; {many} can be true after these frames\n"
        f"the true game, begun there with the likeliest fractions of a pixel, shows the same for"
        f" {result['same_frames']} of {AHEAD} ticks\n"
        f"look: {out}/motion.png and motion.gif{next_step}"
    )
