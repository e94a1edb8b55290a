"""All that a cell of a two-colour grid can see: the 512 neighbourhoods, each asked for once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from data_gen.games.life import life
from gameengine.engine import Context, Engine
from gameengine.frames import snap

SIDE = 5  # of a board with one neighbourhood in its middle and dead cells around


def all_neighbourhoods() -> NDArray[np.uint8]:
    """Boards (512, 1, 5, 5); bit i of a board's number is cell i of its 3 x 3 middle."""
    bits = np.arange(512)[:, None] >> np.arange(9) & 1  # (512, 9)
    boards = np.zeros((512, 1, SIDE, SIDE), np.uint8)
    boards[:, 0, 1:4, 1:4] = bits.reshape(-1, 3, 3)
    return boards


def wrong_neighbourhoods(engine: Engine) -> NDArray[np.uint8]:
    """The neighbourhoods (n, 3, 3) whose middle cell the engine of a Life gets wrong; none: with
    the right edges the engine is right on every board for ever. For engines of any frame size."""
    if engine.spec.name != "life":
        raise ValueError(f"neighbourhoods are Life's; this engine learned {engine.spec.name}")
    boards = all_neighbourhoods()
    truth = life(rule=str(engine.spec.options["rule"]), size=(SIDE, SIDE))
    state = replace(truth.init(np.zeros(512, np.uint64)), cells=boards[:, 0] > 0)
    after = truth.render(truth.step(state, np.zeros((512, 1), np.int64)))
    with torch.inference_mode():
        context = Context(torch.from_numpy(boards)[:, None], torch.zeros(512, 0, 1))
        hidden = engine.encode(context, torch.from_numpy(state.description))
        hidden = engine.advance(hidden, torch.zeros(512, 1, dtype=torch.int64))
        shown = snap(engine.decode(hidden).logits).numpy()
    wrong = shown[:, 0, 2, 2] != after[:, 0, 2, 2]
    return boards[wrong, 0, 1:4, 1:4]
