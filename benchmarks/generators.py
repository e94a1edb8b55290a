"""How fast the true games make frames, against plain NumPy, copying memory, and other programs.

    python -m benchmarks.generators            # a table in Markdown, as in RESULTS.md
    python -m benchmarks.generators --json     # one JSON object

Everything is measured in one run, the contenders in turn, several times; the fastest turn counts.
On a shared machine only the ratios can be compared. Programs that are not installed are left out;
for all of them: pip install opencv-python-headless ale-py python-lifelib.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks import life
from data_gen.players import make_players
from data_gen.randomness import training_seeds
from data_gen.registry import GAMES, make_game
from data_gen.rollout import buffers, roll_on

GAMES_AT_ONCE, TICKS = 256, 256  # 64 MiB of 32 x 32 frames: more than the caches hold
TURNS = 7
Rates = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--games", nargs="+", default=list(GAMES), metavar="GAME")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    asked = parser.parse_args()
    games = {name: measure(name) for name in asked.games}
    others, first = other_pongs(), first_calls()
    told = {"cores": os.cpu_count(), "frames_per_second": games, "pong_by_others": others}
    told["seconds_to_first_rollout"] = first
    if "life" in asked.games:
        told["life"] = life.rows()
    print(json.dumps(told) if asked.json else table(games, others, first))
    if "life" in asked.games and not asked.json:
        print(life.table(told["life"]))


def measure(name: str) -> Rates:
    """Frames per second of a game, into the same buffers again and again."""
    game, seeds = make_game(name), training_seeds(0, 0, GAMES_AT_ONCE)
    out = buffers(game.spec, GAMES_AT_ONCE, TICKS)
    zeros = np.zeros_like(out.frames)
    state = game.init(seeds)
    contenders: dict[str, Callable[[], Any]] = {"np.copyto": lambda: np.copyto(out.frames, zeros)}
    for player in ("random", "tracker"):
        cast = make_players([player])
        memory = cast.start(game.spec, seeds)
        for threads in (1, 2) if player == "random" else (1,):

            def play(cast: Any = cast, memory: Any = memory, threads: int = threads) -> None:
                roll_on(game, cast, state, memory, out, threads)

            contenders[f"{player}, {threads} thread{'s' if threads > 1 else ''}"] = play
    frames = GAMES_AT_ONCE * TICKS
    return {what: frames / seconds for what, seconds in fastest(contenders, TURNS).items()} | {
        "NumPy": _numpy_rate(name)
    }


def _numpy_rate(name: str) -> float:
    """Frames per second of the plain NumPy version of a game, the actions being there already."""
    maker = import_module(f"tests.reference.{name}").Reference
    game, seeds, ticks = maker(), training_seeds(0, 0, GAMES_AT_ONCE), 16
    rng = np.random.default_rng(0)
    shape = (ticks, GAMES_AT_ONCE, len(game.spec.players))
    actions = rng.integers(0, len(game.spec.actions), shape, np.uint8)

    def play() -> None:
        state = game.init(seeds)
        for chosen in actions:
            state = game.step(state, chosen)
            game.render(state)

    return GAMES_AT_ONCE * ticks / fastest({"": play}, 3)[""]


def other_pongs() -> Rates:
    """Frames per second of other programs' Pong, one core, one frame at a time."""
    rates: Rates = {}
    steps = 3000
    if importlib.util.find_spec("cv2"):
        from benchmarks.object_pong import ObjectPong

        actions = np.random.default_rng(0).integers(0, 3, (steps, 2))
        objects = ObjectPong()
        turns = fastest({"": lambda: [objects.step(chosen) for chosen in actions]}, 3)
        rates["the same Pong in objects, drawn with cv2"] = steps / turns[""]
    if importlib.util.find_spec("ale_py"):
        import ale_py

        console = ale_py.ALEInterface()
        console.setLoggerMode(ale_py.LoggerMode.Error)
        console.loadROM(ale_py.roms.get_rom_path("pong"))
        screen = np.empty((210, 160), np.uint8)

        def emulate() -> None:
            for _ in range(steps):
                console.act(0)
                console.getScreenGrayscale(screen)
                if console.game_over():
                    console.reset_game()

        rates["Atari's in ale-py, 210 x 160"] = steps / fastest({"": emulate}, 3)[""]
    return rates


def first_calls(name: str = "pong") -> dict[str, float]:
    """Seconds from the start of Python to a rollout: the first time ever, and from then on."""
    program = (
        "from data_gen.players import make_players; from data_gen.registry import make_game;"
        "from data_gen.randomness import training_seeds; from data_gen.rollout import roll_out;"
        f"roll_out(make_game('{name}'), make_players(['tracker']), training_seeds(0, 0, 2), 2)"
    )
    seconds = {}
    with tempfile.TemporaryDirectory() as folder:
        for when in ("first", "later"):
            began = time.perf_counter()
            settings = {**os.environ, "NUMBA_CACHE_DIR": folder}
            subprocess.run([sys.executable, "-c", program], env=settings, check=True)
            seconds[when] = time.perf_counter() - began
    return seconds


def fastest(contenders: dict[str, Callable[[], Any]], turns: int) -> dict[str, float]:
    """Seconds of each one's fastest turn. They take turns; the first one is not counted."""
    seconds = dict.fromkeys(contenders, float("inf"))
    for turn in range(turns + 1):
        for name, run in contenders.items():
            began = time.perf_counter()
            run()
            if turn:
                seconds[name] = min(seconds[name], time.perf_counter() - began)
    return seconds


def table(games: dict[str, Rates], others: Rates, first: dict[str, float]) -> str:
    """The rates in Markdown, million frames per second, and their ratios."""
    lines = [
        "| game | M frames/s, one thread | of `np.copyto` | plain NumPy | times NumPy |"
        " 2 threads | able player |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, rates in games.items():
        one, two = rates["random, 1 thread"], rates["random, 2 threads"]
        lines.append(
            f"| {name} | {one / 1e6:.2f} | {one / rates['np.copyto']:.2f} |"
            f" {rates['NumPy'] / 1e6:.3f} | {one / rates['NumPy']:,.0f} | {two / one:.2f} x |"
            f" {rates['tracker, 1 thread'] / 1e6:.2f} |"
        )
    lines.append("")
    for what, rate in others.items():
        pong = games.get("pong")
        times = (
            f": Pong here is {pong['random, 1 thread'] / rate:,.0f} times as fast" if pong else ""
        )
        lines.append(f"- {what}: {rate:,.0f} frames/s{times}")
    lines.append(
        f"- from the start of Python to a rollout of Pong: {first['first']:.1f} s the first time,"
        f" when its kernels are compiled, {first['later']:.1f} s from then on"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
