"""The command line of the true games: generate, inspect and verify datasets, list the games.

Nothing heavy is imported before a command runs, so that --help answers at once.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_gen.command_line import Parser, chosen_game, read_options, this_python
from data_gen.errors import run_command

if TYPE_CHECKING:
    from data_gen.generate import Generated

_EXAMPLE = "example: python -m data_gen generate pong --episodes 2000 --ticks 128 --out data/pong"


def run() -> None:
    """The program: exit 0, 1 for a bad dataset, 2 for what a user can mend, 130 for Ctrl-C."""
    run_command(main)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; `arguments` are the program's own by default. Returns the exit code."""
    chosen = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = chosen.command
    return command(chosen)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m data_gen", description="True games and their datasets.")
    parser.epilog = _EXAMPLE
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def add(command: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        name = command.__name__.strip("_")
        sub = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        sub.set_defaults(command=command)
        sub.add_argument("--json", action="store_true", help="print one JSON object, no bar")
        return sub

    sub = add(_generate, "play a game and keep what happens; goes on where a run was stopped")
    sub.epilog = _EXAMPLE
    sub.add_argument("game", metavar="GAME", help="as `games` lists them")
    sub.add_argument("--episodes", type=int, default=2000, help="how many (default: %(default)s)")
    sub.add_argument("--ticks", type=int, default=128, help="of an episode (default: %(default)s)")
    sub.add_argument("--out", type=Path, metavar="FOLDER", help="default: data/GAME")
    sub.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    sub.add_argument(
        "--players",
        nargs="+",
        metavar="PLAYER",
        default=["sticky", "tracker:0.7"],
        help="who plays, each seat of each episode drawn by its seed: random, sticky, tracker,"
        " tracker:SKILL (default: sticky tracker:0.7)",
    )
    sub.add_argument(
        "--option",
        nargs="+",
        action="extend",
        metavar="KEY=VALUE",
        default=[],
        help="of the game, such as serve_angles=true or 'size=[64,64]'",
    )
    sub.add_argument("--shard-episodes", type=int, help="in a file (default: 64 MiB of raw frames)")

    sub = add(_inspect, "say what is in a dataset, and write a gif of it")
    sub.add_argument("folder", type=Path, metavar="FOLDER")
    sub.add_argument("--gif", type=Path, metavar="FILE", help="default: FOLDER/preview.gif")

    sub = add(_verify, "prove a dataset: compare its checksums, play it again, compare every byte")
    sub.add_argument("folder", type=Path, metavar="FOLDER")

    add(_games, "list the games and their options")
    return parser


def _generate(chosen: argparse.Namespace) -> int:
    from data_gen.generate import generate

    game = chosen_game(chosen.game, read_options(chosen.option))
    folder = chosen.out or Path("data") / chosen.game
    done = 0

    def count(episodes: int, total: int) -> None:
        nonlocal done
        done = episodes
        advance(episodes, total)

    try:
        with _bar(chosen.json) as advance:
            result = generate(
                folder,
                game,
                chosen.players,
                chosen.episodes,
                chosen.ticks,
                seed=chosen.seed,
                shard_episodes=chosen.shard_episodes,
                progress=count,
            )
    except KeyboardInterrupt:
        print(
            f"stopped; {done:,} of {chosen.episodes:,} episodes are kept in {folder}:"
            " run the same command once more to go on",
            file=sys.stderr,
        )
        return 130
    _report(chosen, folder, result)
    return 0


def _report(chosen: argparse.Namespace, folder: Path, result: Generated) -> None:
    size = sum(shard.size for shard in result.manifest.shards)
    if chosen.json:
        _print_json(
            folder=str(folder),
            episodes=chosen.episodes,
            ticks=chosen.ticks,
            shards=len(result.manifest.shards),
            shards_made=result.made,
            disk_bytes=size,
        )
    elif result.made:
        print(
            f"{chosen.episodes:,} episodes of {chosen.ticks:,} ticks are in {folder}"
            f" ({size / 1e6:,.1f} MB);"
            f" look at them with: {this_python()} -m data_gen inspect {folder}"
        )
    else:
        print(f"{folder} already holds these {chosen.episodes:,} episodes; nothing was written")


def _inspect(chosen: argparse.Namespace) -> int:
    from data_gen.dataset import Dataset
    from data_gen.summary import summarise, table, write_preview

    dataset = Dataset.open(chosen.folder, memory_limit=0)  # most of it is not looked at
    with _bar(chosen.json) as advance:
        summary = summarise(dataset, advance)
    if not chosen.json:
        print(table(summary))
    gif = chosen.gif or chosen.folder / "preview.gif"
    write_preview(dataset, gif)
    if chosen.json:
        _print_json(**summary, gif=str(gif))
    else:
        print(f"{'preview':<9} {gif}")
    return 0


def _verify(chosen: argparse.Namespace) -> int:
    from data_gen.verify import verify

    with _bar(chosen.json) as advance:
        problems = verify(chosen.folder, advance)
    if chosen.json:
        _print_json(proved=not problems, problems=[vars(problem) for problem in problems])
    elif problems:
        print("\n".join(f"bad: {problem}" for problem in problems))
    else:
        print(
            "proved: the checksums are right, and played again from its seed every episode gives"
            " the same actions, frames, rewards and events, byte for byte"
        )
    return 1 if problems else 0


def _games(chosen: argparse.Namespace) -> int:
    from data_gen.registry import GAMES, make_game

    games = {name: make_game(name) for name in sorted(GAMES)}
    if chosen.json:
        _print_json(**{name: dict(game.spec.options) for name, game in games.items()})
        return 0
    for name, game in games.items():
        first_sentence = " ".join((type(game).__doc__ or "").split()).split(". ")[0]
        print(f"{name}: {first_sentence.removesuffix('.')}")
        for key, value in game.spec.options.items():
            print(f"    --option {key}={json.dumps(value, separators=(',', ':'))}")
    return 0


@contextmanager
def _bar(quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Gives progress(done, total): a bar on a terminal, for what lasts over two seconds."""
    from tqdm import tqdm

    # disable=None: silent when stderr is no terminal
    with tqdm(unit=" episodes", delay=2, disable=quiet or None) as bar:

        def advance(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield advance


def _print_json(**values: Any) -> None:
    print(json.dumps(values))


if __name__ == "__main__":
    run()
