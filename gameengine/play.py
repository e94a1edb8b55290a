"""`python -m gameengine.play [CHECKPOINT]`: play a learned game beside the true one.

Nothing heavy is imported before the arguments are read, so that --help answers at once.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_gen.command_line import (
    Parser,
    add_game_options,
    check_least,
    chosen_game,
    read_options,
    this_python,
)
from data_gen.errors import UserError, run_command

if TYPE_CHECKING:
    from gameengine.match import Match, Pair
    from gameengine.window import Panel

BUNDLED = Path(__file__).parent.parent / "assets" / "pong.ckpt"
RECORDED_TICKS = 600  # unless --ticks says otherwise

Watch = Callable[["Match"], Any]


def run() -> None:
    """The console script: exit 0, or 2 with one line for what a user can mend."""
    run_command(main)


def main(arguments: Sequence[str] | None = None) -> None:
    """Play; `arguments` are the program's own by default. Raises UserError."""
    asked = _parser().parse_args(arguments)
    _check(asked)
    if not asked.record:
        _choose_display()

    from gameengine.match import Match

    pair = _pair(asked)
    match = Match(pair, asked.seed, for_training=asked.record_play is not None)
    with _tracing(asked.trace) as trace, _keeping(asked.record_play, match) as keep:

        def watch(match: Match) -> None:
            trace(match)
            keep(match)

        if asked.record:
            _record(match, asked, watch)
        else:
            _play(match, asked.ticks, watch, _panel(pair, asked.to))
    if asked.json:
        path = str(asked.record) if asked.record else None
        print(json.dumps({"ticks": match.tick, "parted_at": match.parted_at, "path": path}))
    elif asked.record:
        print(_in_words(match, asked.record))


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m gameengine.play",
        description="Play a learned game (right) beside the true one (left), both by the same keys."
        " A seat that no one touches is played by a scripted player. Press h in the window for"
        " the keys.",
        epilog="example: python -m gameengine.play --ticks 600 --record out.gif",
    )
    parser.add_argument(
        "checkpoint", type=Path, nargs="?", help="a .ckpt file (default: the bundled Pong)"
    )
    parser.add_argument("--seed", type=int, default=0, help="number of the start (default: 0)")
    parser.add_argument("--ticks", type=int, metavar="T", help="end after so many")
    parser.add_argument(
        "--record",
        type=Path,
        metavar="GIF",
        help="play without a window or a person and write a gif of it"
        f" ({RECORDED_TICKS} ticks unless --ticks is given; runs faster when it is long)",
    )
    parser.add_argument(
        "--record-play",
        type=Path,
        metavar="NPZ",
        help="with --game: keep what was done in a new file, from which `python -m data_gen import`"
        " makes a dataset (a dream's frames are never kept as truth)",
    )
    parser.add_argument(
        "--to",
        metavar="POINT",
        help="of a HyperEngine: the game that the first slider goes to, a rule such as B36/S23, a"
        " variant such as ball_speed:2, or a .ckpt file; keys [ and ], or the mouse",
    )
    parser.add_argument("--truth-only", action="store_true", help="leave the dream out")
    parser.add_argument(
        "--game", metavar="NAME", help="play this true game alone, without a checkpoint"
    )
    add_game_options(parser, "; a learned game plays the variants that its engine has room for")
    parser.add_argument(
        "--trace",
        type=Path,
        metavar="FILE",
        help="write one JSON line a tick: seed, tick, actions, who chose them, when dream and truth"
        " parted, and a checksum (CRC-32) of both frames",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print one JSON object at the end: ticks, parted_at, path",
    )
    return parser


def _check(asked: argparse.Namespace) -> None:
    """Raises UserError for what can be known to be wrong before anything is loaded."""
    check_least(asked, ticks=1)
    if not 0 <= asked.seed < 1 << 64:
        raise UserError(f"--seed must lie in 0 to 2^64 - 1, not {asked.seed}")
    if asked.record and asked.record.suffix.lower() != ".gif":
        raise UserError(f"--record writes a gif, so its name must end in .gif, not {asked.record}")
    if asked.game and asked.checkpoint:
        raise UserError("give either a checkpoint or --game, which plays the true game alone")
    if asked.to and (asked.record or asked.game or asked.truth_only):
        raise UserError("--to is for the window of a learned game")
    if asked.record_play:
        _check_record_play(asked)
    if not (asked.game or asked.checkpoint or BUNDLED.exists()):
        raise UserError(
            f"the bundled {BUNDLED} is not there; train one with"
            f" '{this_python()} experiments/run.py' and give its .ckpt file, or play the true game"
            " with --game pong"
        )


def _check_record_play(asked: argparse.Namespace) -> None:
    path = asked.record_play
    if not asked.game:
        raise UserError("--record-play records the true game: give --game NAME, no checkpoint")
    if path.suffix != ".npz":
        raise UserError(f"--record-play writes a file whose name ends in .npz, not {path}")
    if path.exists():
        raise UserError(f"{path} is there already; choose another name for this recording")


def _choose_display() -> None:
    """Let pygame try only the displays that there are; left to itself it would draw to nowhere.

    Raises UserError when there are none.
    """
    if not sys.platform.startswith("linux") or "SDL_VIDEODRIVER" in os.environ:
        return
    displays = {"x11": "DISPLAY", "wayland": "WAYLAND_DISPLAY"}
    drivers = [driver for driver, variable in displays.items() if os.environ.get(variable)]
    if not drivers:
        raise UserError("no display: use --record out.gif")
    os.environ["SDL_VIDEODRIVER"] = ",".join(drivers)


def _pair(asked: argparse.Namespace) -> Pair:
    from gameengine.match import Pair

    if asked.game:
        return Pair.alone(chosen_game(asked.game, read_options(asked.option)))

    import torch

    from gameengine.learned_game import LearnedGame

    torch.set_num_threads(1)  # a tick is too small to share; waiting for others made it 10x slower
    learned = LearnedGame.load(asked.checkpoint or BUNDLED, read_options(asked.option))
    if asked.truth_only:
        return Pair.alone(learned.truth)
    return Pair(learned.truth, learned, learned.init_beside_truth)


def _play(match: Match, ticks: int | None, watch: Watch, panel: Panel) -> None:
    from gameengine.window import play_in_window

    play_in_window(match, ticks, watch, panel)


def _panel(pair: Pair, to: str | None) -> Panel:
    """Sliders for a dream that is many games; none for others. Raises UserError for a game to go to
    that there is not."""
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    from gameengine.window import NO_SLIDERS, Panel

    if pair.dream is None:
        return NO_SLIDERS
    from gameengine.embedding_points import embedding_of
    from gameengine.engines.hyper import HyperEngine
    from gameengine.learned_game import LearnedGame
    from gameengine.tuner import Tuner

    engine = pair.dream.engine if isinstance(pair.dream, LearnedGame) else None
    if not isinstance(engine, HyperEngine):
        if to is not None:
            raise UserError("--to is for a HyperEngine, which is many games")
        return NO_SLIDERS
    tuner = Tuner(engine, None if to is None else embedding_of(engine, to), to or "")
    return Panel(tuner.sliders, tuner.apply)


def _record(match: Match, asked: argparse.Namespace, watch: Watch) -> None:
    from tqdm import tqdm

    from gameengine.recording import record

    ticks = asked.ticks or RECORDED_TICKS
    # disable=None: silent when stderr is no terminal
    with tqdm(total=ticks, unit=" ticks", delay=1, disable=asked.json or None) as bar:

        def see(match: Match) -> None:
            watch(match)
            bar.update()

        record(match, ticks, asked.record, see)


@contextmanager
def _tracing(path: Path | None) -> Iterator[Watch]:
    """Gives what is to be called after every tick. Raises UserError if `path` cannot be written."""
    if path is None:
        yield lambda match: None
        return
    try:
        file = path.open("w", encoding="utf-8", buffering=1)  # by line: others may follow it
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from error

    def write(match: Match) -> None:
        try:
            print(json.dumps(match.trace()), file=file)
        except OSError as error:
            raise UserError(f"cannot write {path}: {error.strerror or error}") from error

    with file:
        yield write


@contextmanager
def _keeping(path: Path | None, match: Match) -> Iterator[Watch]:
    """Gives what is to be called after every tick. What was done is written however play ends."""
    if path is None:
        yield lambda match: None
        return
    from gameengine.play_recorder import PlayRecorder

    recorder = PlayRecorder(match, path)
    try:
        yield recorder.watch
    finally:
        recorder.save()
        print(
            f"what was done is in {path}; make a dataset of it with: {this_python()} -m data_gen"
            f" import {path} --out data/{match.spec.name}-played",
            file=sys.stderr,
        )


def _in_words(match: Match, path: Path) -> str:
    verdict = f", {match.verdict()}" if match.dream_frame is not None else ""
    return f"{match.tick:,} ticks of {match.spec.name}{verdict}; see {path}"


if __name__ == "__main__":
    run()
