"""All that a cell of a two-colour grid can see: the 512 neighbourhoods, each asked for once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from data_gen.games.life import life
from gameengine.engine import Context, Engine, Hidden
from gameengine.frames import snap

TILE = 3  # a neighbourhood's side: what its middle becomes does not depend on others
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


def tiled_neighbourhoods(height: int, width: int) -> NDArray[np.uint8]:
    """Frames (F, 1, H, W) full of them, as many as it takes; see `middles`."""
    rows, columns = height // TILE, width // TILE
    tiles = all_neighbourhoods()[:, 0, 1:4, 1:4]  # (512, 3, 3)
    count = -(-len(tiles) // (rows * columns))
    tiles = np.resize(tiles, (count, rows, columns, TILE, TILE))  # begins again at the end
    frames = np.zeros((count, 1, height, width), np.uint8)
    drawn = tiles.transpose(0, 1, 3, 2, 4).reshape(count, rows * TILE, columns * TILE)
    frames[:, 0, : rows * TILE, : columns * TILE] = drawn
    return frames


def middles(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What became of the 512 middles (R, 512) in frames (R, F, 1, H, W) of so many boards each."""
    height, width = frames.shape[3:]
    shown = frames[..., 1 : height // TILE * TILE : TILE, 1 : width // TILE * TILE : TILE]
    return shown.reshape(len(frames), -1)[:, :512]


def rule_tables(rules: NDArray[np.float32]) -> NDArray[np.uint8]:
    """What the middle of each neighbourhood becomes by life-like rules (R, 18): (R, 512)."""
    tiles = all_neighbourhoods()[:, 0, 1:4, 1:4].astype(np.int64)
    middle = tiles[:, 1, 1]
    around = tiles.sum((1, 2)) - middle
    return rules[:, 9 * middle + around].astype(np.uint8)


def learned_tables(
    engine: Engine, given: Tensor, encode: Callable[[Context, Tensor], Hidden] | None = None
) -> NDArray[np.uint8]:
    """What an engine of life-like games makes of each neighbourhood, (R, 512), in the games that
    `given` (R, n) tells. encode: what turns it and a context into a hidden state; by default the
    engine's, which takes descriptions (R, 18)."""
    frames = torch.from_numpy(tiled_neighbourhoods(*engine.spec.shape[1:]))
    shown: list[NDArray[np.uint8]] = []
    with torch.inference_mode():
        for rule in given.split(max(1, (1 << 20) // frames.numel())):
            seen = frames.repeat(len(rule), 1, 1, 1)[:, None]  # (r * F, 1, 1, H, W)
            told = rule.repeat_interleave(len(frames), 0)
            hidden = (encode or engine.encode)(Context(seen, torch.zeros(len(seen), 0, 1)), told)
            hidden = engine.advance(hidden, torch.zeros(len(seen), 1, dtype=torch.int64))
            after = snap(engine.decode(hidden).logits).unflatten(0, (len(rule), -1))
            shown.append(middles(after.numpy()))
    return np.concatenate(shown)


def neighbourhoods_in(boards: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The number of every cell's neighbourhood, as in all_neighbourhoods, on tori (T, H, W)."""
    numbers = np.zeros(boards.shape, np.int64)
    for bit in range(9):
        row, column = divmod(bit, 3)
        numbers += np.roll(boards.astype(np.int64), (1 - row, 1 - column), (1, 2)) << bit
    return numbers
