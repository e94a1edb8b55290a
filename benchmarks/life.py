"""How fast Life is, in cells per second, against other ways to compute it.

    python -m benchmarks.life [--json]

Everything is measured in one run, the contenders in turn; the fastest turn of each counts. On a
shared machine only the ratios can be compared. Baselines run on one thread. python-lifelib, where
it is installed, advances a random soup on its plane, which is its fast way for any number of cells.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import convolve
from torch.nn import functional

from data_gen.players import make_players
from data_gen.randomness import training_seeds
from data_gen.registry import make_game
from data_gen.rollout import buffers, roll_on
from tests.reference.life import Reference

TURNS = 5
NAMES = {  # what is measured -> the contenders it is compared with
    "32 x 32": ("NumPy", "scipy", "torch conv2d", "lifelib"),
    "64 x 64": ("32 x 32", "torch conv2d", "lifelib"),
    "a rule for each": ("32 x 32",),
    "dead edges": ("32 x 32",),
    "2 threads": ("32 x 32",),
    "frames": ("np.copyto", "torch conv2d frames"),
    "frames, 2 threads": ("frames",),
    "4096 x 4096": ("lifelib",),
}
Contenders = dict[str, tuple[int, Callable[[], Any]]]  # name -> (cells in a run, the run)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    told = rows()
    print(json.dumps(told) if parser.parse_args().json else table(told))


def rows() -> dict[str, float]:
    """Cells per second of every contender."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        contenders = _advanced() | _delivered() | _baselines() | _lifelib()
        seconds = dict.fromkeys(contenders, float("inf"))
        for turn in range(TURNS + 1):  # the first one warms up
            for name, (_, run) in contenders.items():
                began = time.perf_counter()
                run()
                if turn:
                    seconds[name] = min(seconds[name], time.perf_counter() - began)
    finally:
        torch.set_num_threads(threads)
    return {name: cells / seconds[name] for name, (cells, _) in contenders.items()}


def table(told: dict[str, float]) -> str:
    """The rates in Markdown, each with its ratio to the contenders it is to be compared with."""
    lines = ["| Life | G cells/s | times |", "|---|---|---|"]
    for name, rate in told.items():
        others = [other for other in NAMES.get(name, ()) if other in told]
        times = ", ".join(f"{rate / told[other]:,.2f} x {other}" for other in others)
        lines.append(f"| {name} | {rate / 1e9:.3f} | {times} |")
    return "\n".join(lines)


def _advanced() -> Contenders:
    return {
        "32 x 32": _advance("life", 4096, (32, 32), 512),
        "64 x 64": _advance("life", 1024, (64, 64), 512),
        "a rule for each": _advance("lifelike", 4096, (32, 32), 512),
        "dead edges": _advance("life", 4096, (32, 32), 512, edges="dead"),
        "2 threads": _advance("life", 4096, (32, 32), 512, threads=2),
        "4096 x 4096": _advance("life", 1, (4096, 4096), 32),
    }


def _advance(
    name: str, batch: int, size: tuple[int, int], ticks: int, threads: int = 1, **options: Any
) -> tuple[int, Callable[[], Any]]:
    game: Any = make_game(name, size=size, **options)
    state = game.init(training_seeds(0, 0, batch))
    return batch * size[0] * size[1] * ticks, lambda: game.advance(state, ticks, threads)


def _delivered(batch: int = 256, ticks: int = 256) -> Contenders:
    game, seeds = make_game("life"), training_seeds(0, 0, batch)
    out, cast, state = buffers(game.spec, batch, ticks), make_players(["random"]), game.init(seeds)
    memory, source = cast.start(game.spec, seeds), np.zeros_like(out.frames)
    cells, few = out.frames[:, 1:].size, 8  # ticks of torch, which is slow
    frames = torch.from_numpy(out.frames)

    def torch_frames() -> None:
        board = torch.from_numpy(state.cells[:, None]).float()
        for tick in range(few):
            board = _torch_tick(board)
            frames[:, tick + 1] = board.to(torch.uint8)

    def play(threads: int) -> Callable[[], Any]:
        return lambda: roll_on(game, cast, state, memory, out, threads)

    return {
        "frames": (cells, play(1)),
        "frames, 2 threads": (cells, play(2)),
        "np.copyto": (source.size, lambda: np.copyto(out.frames, source)),
        "torch conv2d frames": (cells * few // ticks, torch_frames),
    }


def _baselines(batch: int = 256, ticks: int = 4) -> Contenders:
    state: Any = make_game("life").init(training_seeds(0, 0, batch))
    reference, cells = Reference(), state.cells
    nothing = np.zeros((batch, 1), np.int64)
    board = torch.from_numpy(cells[:, None]).float()
    return {
        "NumPy": (cells.size * ticks, lambda: _repeat(reference.step, state, ticks, nothing)),
        "scipy": (cells.size * ticks, lambda: _repeat(_scipy_tick, cells, ticks)),
        "torch conv2d": (cells.size * ticks, lambda: _repeat(_torch_tick, board, ticks)),
    }


def _repeat(tick: Callable[..., Any], cells: Any, ticks: int, *rest: Any) -> None:
    for _ in range(ticks):
        cells = tick(cells, *rest)


def _scipy_tick(cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
    square = np.ones((1, 3, 3), np.uint8)
    sums = convolve(cells.view(np.uint8), square, mode="wrap")
    return (sums == 3) | (cells & (sums == 4))


def _torch_tick(board: torch.Tensor) -> torch.Tensor:
    """board (B, 1, H, W) float32"""
    around = functional.pad(board, (1, 1, 1, 1), mode="circular")
    sums = functional.conv2d(around, torch.ones(1, 1, 3, 3))
    return ((sums == 3) | ((board > 0) & (sums == 4))).float()


def _lifelib(side: int = 4096, ticks: int = 16) -> Contenders:
    if not importlib.util.find_spec("lifelib"):
        return {}
    import lifelib  # pyright: ignore[reportMissingImports]

    tree: Any = lifelib.load_rules("b3s23").lifetree(n_layers=1, memory=4000)
    soup = np.argwhere(np.random.default_rng(0).random((side, side)) < 0.35)
    plane = [tree.pattern("", "b3s23")]
    plane[0][soup] = np.ones(len(soup), np.uint64)

    def advance() -> None:  # ever further, as it remembers what it has computed
        plane[0] = plane[0].advance(ticks)

    return {"lifelib": (side * side * ticks, advance)}


if __name__ == "__main__":
    main()
