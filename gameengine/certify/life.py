"""A proof for Life: a cell that sees its neighbourhood alone can be asked for all 512 of them.

What a cell at the edge sees is asked for on every board of 3 x 3 to 4 x 4 cells, where no cell is
far from an edge.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from data_gen.errors import UserError
from data_gen.games.life import life
from data_gen.pictures import write_png
from gameengine.certify.mistakes import forget_pictures, picture
from gameengine.engine import Context, Engine
from gameengine.engines.cell import CellEngine
from gameengine.frames import snap
from gameengine.neighbourhoods import wrong_neighbourhoods

SMALL = ((3, 3), (3, 4), (4, 3), (4, 4))  # boards, narrower than two neighbourhoods
_PICTURES = 4  # of each kind
_BATCH = 1 << 13  # boards at once


def certify_life(engine: Engine, folder: Path) -> dict[str, Any]:
    """The verdict as plain values. wrong: neighbourhoods, and small boards, that are got wrong; the
    first ones are drawn into `folder`.

    Raises UserError for engines whose cells see more than their neighbourhood.
    """
    if not is_local(engine):
        raise UserError(
            f"this {type(engine).__name__} sees more of Life than a cell's neighbourhood, and all"
            " boards are too many to ask for; only a cell engine with token=0 and steps=1 can be"
            " certified"
        )
    forget_pictures(folder)
    neighbourhoods = wrong_neighbourhoods(engine)
    _draw(engine, np.pad(neighbourhoods, ((0, 0), (1, 1), (1, 1))), folder, "neighbourhood")
    boards = [_wrong_boards(engine, size) for size in SMALL]
    for wrong in boards:
        _draw(engine, wrong, folder, "board {}x{}".format(*wrong.shape[1:]))
    wrong_boards = sum(map(len, boards))
    return {
        "method": "neighbourhoods",
        "states": 512,
        "transitions": 512,
        "wrong": len(neighbourhoods) + wrong_boards,
        "certified": not len(neighbourhoods) and not wrong_boards,
        "wrong_neighbourhoods": len(neighbourhoods),
        "boards": sum(2 ** (height * width) for height, width in SMALL),
        "wrong_boards": wrong_boards,
        "by_event": {"plain": {"transitions": 512, "wrong": len(neighbourhoods)}},
        "pictures": sorted(str(path) for path in folder.glob("wrong-*.png")),
    }


def is_local(engine: Engine) -> bool:
    """Whether a cell sees its 3 x 3 neighbourhood and nothing else."""
    alone = engine.options.get("token", 0) == 0 and engine.options.get("steps", 1) == 1
    return isinstance(engine, CellEngine) and engine.spec.context == 1 and alone


def _wrong_boards(engine: Engine, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Those of all boards (n, H, W) that become others in the truth than in the dream."""
    bits = np.arange(1 << size[0] * size[1])[:, None] >> np.arange(size[0] * size[1]) & 1
    boards = bits.astype(np.uint8).reshape(-1, *size)
    wrong = []
    for begin in range(0, len(boards), _BATCH):
        some = boards[begin : begin + _BATCH]
        truth, dream = _after(engine, some)
        wrong.append(some[(truth != dream).any((1, 2))])
    return np.concatenate(wrong)


def _draw(engine: Engine, boards: NDArray[np.uint8], folder: Path, name: str) -> None:
    if not len(boards):
        return
    truth, dream = _after(engine, boards[:_PICTURES])
    for number, seen in enumerate(zip(boards, truth, dream, strict=False)):
        path = folder / f"wrong-{name.replace(' ', '-')}-{number + 1}.png"
        write_png(path, picture(np.stack(seen)[:, None], name, engine.spec))


def _after(
    engine: Engine, boards: NDArray[np.uint8]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """What boards (B, H, W) become in the truth and in the dream, (B, H, W) each."""
    rule, edges = str(engine.spec.options["rule"]), str(engine.spec.options["edges"])
    truth = life(rule=rule, edges=edges, size=boards.shape[1:])
    state = replace(truth.init(np.zeros(len(boards), np.uint64)), cells=boards > 0)
    idle = np.zeros((len(boards), 1), np.int64)
    frames = truth.render(truth.step(state, idle))
    with torch.inference_mode():
        shown = Context(torch.from_numpy(boards)[:, None, None], torch.zeros(len(boards), 0, 1))
        hidden = engine.encode(shown, torch.from_numpy(state.description))
        dream = snap(engine.decode(engine.advance(hidden, torch.from_numpy(idle))).logits)
    return frames[:, 0], dream.numpy()[:, 0]
