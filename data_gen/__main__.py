"""The command line of the true games: their datasets, made, looked at, proved, merged, exported.

Nothing heavy is imported before a command runs, so that --help answers at once.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from data_gen import commands
from data_gen.command_line import Parser, add_game_options
from data_gen.errors import run_command

_EXAMPLE = "example: python -m data_gen generate pong --episodes 2000 --ticks 128 --out data/pong"

Command = Callable[[argparse.Namespace], int]


def run() -> None:
    """The program: exit 0, 1 for a bad dataset, 2 for what a user can mend, 130 for Ctrl-C."""
    run_command(main)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; `arguments` are the program's own by default. Returns the exit code."""
    chosen = _parser().parse_args(arguments)
    command: Command = chosen.command
    return command(chosen)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m data_gen", description="True games and their datasets.")
    parser.epilog = _EXAMPLE
    group = parser.add_subparsers(metavar="COMMAND", required=True)

    def add(name: str, command: Command, text: str) -> argparse.ArgumentParser:
        return _add(group, name, command, text)

    text = "play a game and keep what happens; goes on where a run was stopped"
    _add_generate(add("generate", commands.generate, text))

    sub = add("inspect", commands.inspect, "say what is in a dataset, and write a gif of it")
    sub.add_argument("folder", type=Path, metavar="FOLDER")
    sub.add_argument("--gif", type=Path, metavar="FILE", help="default: FOLDER/preview.gif")

    text = "prove a dataset: compare its checksums, play it again, compare every byte"
    sub = add("verify", commands.verify, text)
    sub.add_argument("folder", type=Path, metavar="FOLDER")

    sub = add("merge", commands.merge, "make one dataset from several of the same game")
    sub.add_argument("folders", type=Path, nargs="+", metavar="FOLDER", help="two or more")
    sub.add_argument("--out", type=Path, metavar="FOLDER", required=True)

    text = "make a dataset of what persons played (python -m gameengine.play --record-play)"
    sub = add("import", commands.import_play, text)
    sub.add_argument("recordings", type=Path, nargs="+", metavar="RECORDING", help=".npz files")
    sub.add_argument("--out", type=Path, metavar="FOLDER", required=True)
    sub.add_argument(
        "--ticks",
        type=int,
        default=128,
        help="of an episode (default: %(default)s); a longer play becomes several, the last two"
        " of which may overlap, a shorter one is left out",
    )

    text = "write a dataset in another format"
    exports = group.add_parser("export", help=text, description=f"{text.capitalize()}.")
    _add_exports(exports.add_subparsers(metavar="FORMAT", required=True))

    sub = add("gallery", commands.gallery, "write a gif of every game, as shown in the README")
    sub.add_argument("--out", type=Path, metavar="FOLDER", default=Path("assets/games"))

    add("games", commands.games, "list the games and their options")
    return parser


def _add(
    group: argparse._SubParsersAction[Parser],
    name: str,
    command: Command,
    text: str,
) -> argparse.ArgumentParser:
    sub = group.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    sub.set_defaults(command=command)
    sub.add_argument("--json", action="store_true", help="print one JSON object, no bar")
    return sub


def _add_generate(sub: argparse.ArgumentParser) -> None:
    sub.epilog = _EXAMPLE
    sub.add_argument("game", metavar="GAME", help="as `games` lists them")
    sub.add_argument("--episodes", type=int, default=2000, help="how many (default: %(default)s)")
    sub.add_argument("--ticks", type=int, default=128, help="of an episode (default: %(default)s)")
    sub.add_argument("--out", type=Path, metavar="FOLDER", help="default: data/GAME")
    sub.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    sub.add_argument(
        "--first",
        type=int,
        default=0,
        metavar="N",
        help="begin with number N of the seed's endless stream of episodes, so that several"
        " machines can make a part each, to be merged (default: %(default)s)",
    )
    sub.add_argument(
        "--players",
        nargs="+",
        action="extend",
        metavar="PLAYER",
        default=[],
        help="who plays, each seat of each episode drawn by its seed: random, sticky, tracker,"
        " tracker:SKILL (default: sticky tracker:0.7)",
    )
    add_game_options(sub)
    sub.add_argument(
        "--starts",
        nargs="+",
        action="extend",
        metavar="KIND=WEIGHT",
        default=[],
        help="where episodes begin, mixed by weight: init (the game's beginning), play (in its"
        " midst), uniform (any state that exploring found, rare ones too), every (any state there"
        " is, if they can be listed), near (shortly before an event), near:EVENT (default: init)",
    )
    sub.add_argument("--shard-episodes", type=int, help="in a file (default: 64 MiB of raw frames)")
    sub.add_argument(
        "--workers",
        type=int,
        default=1,
        metavar="N",
        help="processes; the bytes do not depend on it (default: %(default)s)",
    )


def _add_exports(group: argparse._SubParsersAction[Parser]) -> None:
    text = "for offline reinforcement learning, as `minari.load_dataset` reads it, frames exact"
    sub = _add(group, "minari", commands.export_minari, text)
    sub.add_argument("folder", type=Path, metavar="FOLDER")
    sub.add_argument("--id", required=True, help="Minari's name for it, such as pong/test-v0")
    sub.add_argument(
        "--path",
        type=Path,
        help="where Minari keeps its datasets (default: MINARI_DATASETS_PATH or ~/.minari)",
    )
    sub = _add(group, "gif", commands.export_gif, "some episodes side by side, enlarged")
    sub.add_argument("folder", type=Path, metavar="FOLDER")
    sub.add_argument("--episodes", type=int, nargs="+", metavar="E", required=True)
    sub.add_argument("--out", type=Path, metavar="GIF", required=True)
    sub.add_argument("--ticks", type=int, default=600, help="at most (default: %(default)s)")


if __name__ == "__main__":
    run()
