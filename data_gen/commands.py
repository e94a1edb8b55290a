"""What the commands of `python -m data_gen` do. Each returns the exit code.

Nothing heavy is imported before a command runs, so that --help answers at once.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_gen.command_line import chosen_game, read_options, read_weights, this_python
from data_gen.errors import UserError

if TYPE_CHECKING:
    from data_gen.datasets.manifest import Progress
    from data_gen.datasets.writing import Written


def generate(chosen: argparse.Namespace) -> int:
    from data_gen.datasets import generate as generating

    game = chosen_game(chosen.game, read_options(chosen.option))
    folder = chosen.out or Path("data") / chosen.game

    def work(progress: Progress) -> Written:
        return generating.generate(
            folder,
            game,
            chosen.players or ["sticky", "tracker:0.7"],
            chosen.episodes,
            chosen.ticks,
            seed=chosen.seed,
            first=chosen.first,
            starts=read_weights(chosen.starts),
            shard_episodes=chosen.shard_episodes,
            workers=chosen.workers,
            progress=progress,
        )

    return _written(chosen, folder, work)


def merge(chosen: argparse.Namespace) -> int:
    from data_gen.datasets import merge as merging

    return _written(
        chosen, chosen.out, lambda progress: merging.merge(chosen.folders, chosen.out, progress)
    )


def import_play(chosen: argparse.Namespace) -> int:
    from data_gen.datasets.recordings import import_recordings

    left_out = 0

    def work(progress: Progress) -> Written:
        nonlocal left_out
        imported = import_recordings(chosen.recordings, chosen.out, chosen.ticks, progress)
        left_out = imported.left_out
        return imported.written

    code = _written(chosen, chosen.out, work)
    if left_out and code == 0:
        print(f"left out {left_out} plays of under {chosen.ticks:,} ticks", file=sys.stderr)
    return code


def inspect(chosen: argparse.Namespace) -> int:
    from data_gen.datasets.dataset import Dataset
    from data_gen.datasets.summary import summarise, table, write_preview

    dataset = Dataset.open(chosen.folder, memory_limit=0)  # most of it is not looked at
    with _bar(chosen.json) as advance:
        summary = summarise(dataset, advance)
    if not chosen.json:
        print(table(summary))
    path: Path = chosen.gif or chosen.folder / "preview.gif"
    gif: str | None = str(path)
    try:
        write_preview(dataset, path)
    except UserError as error:
        if chosen.gif:
            raise
        gif = None  # a folder that may only be read: what is asked for was said all the same
        print(f"no preview: {error}; choose a file with --gif", file=sys.stderr)
    if chosen.json:
        _print_json(**summary, gif=gif)
    elif gif:
        print(f"{'preview':<9} {gif}")
    return 0


def verify(chosen: argparse.Namespace) -> int:
    from data_gen.datasets import verify as verifying

    with _bar(chosen.json) as advance:
        problems = verifying.verify(chosen.folder, advance)
    if chosen.json:
        _print_json(proved=not problems, problems=[vars(problem) for problem in problems])
    elif problems:
        print("\n".join(f"bad: {problem}" for problem in problems))
    else:
        print(
            "proved: the checksums are right, and played again from its seed, by its players or"
            " as recorded, every episode gives the same actions, frames, rewards and events,"
            " byte for byte"
        )
    return 1 if problems else 0


def export_minari(chosen: argparse.Namespace) -> int:
    from data_gen.datasets import export_minari as exporting
    from data_gen.datasets.dataset import Dataset

    dataset = Dataset.open(chosen.folder, memory_limit=0)
    with _bar(chosen.json) as advance:
        folder = exporting.export_minari(dataset, chosen.id, chosen.path, advance)
    if chosen.json:
        _print_json(id=chosen.id, folder=str(folder), episodes=dataset.episodes)
    else:
        where = f" with MINARI_DATASETS_PATH={chosen.path.resolve()}" if chosen.path else ""
        print(
            f"{dataset.episodes:,} episodes are in {folder};"
            f" read them by minari.load_dataset({chosen.id!r}){where}"
        )
    return 0


def export_gif(chosen: argparse.Namespace) -> int:
    from data_gen.datasets.dataset import Dataset
    from data_gen.datasets.episode_gifs import write_episodes

    if chosen.out.suffix.lower() != ".gif":
        raise UserError(f"--out must end in .gif, not {chosen.out}")
    dataset = Dataset.open(chosen.folder, memory_limit=0)
    write_episodes(dataset, chosen.episodes, chosen.out, chosen.ticks)
    if chosen.json:
        _print_json(path=str(chosen.out), episodes=chosen.episodes)
    else:
        print(f"{len(chosen.episodes)} episodes of {dataset.spec.name} are in {chosen.out}")
    return 0


def games(chosen: argparse.Namespace) -> int:
    from importlib import import_module

    from data_gen.registry import GAMES, make_game

    games = {name: make_game(name) for name in sorted(GAMES)}
    if chosen.json:
        _print_json(**{name: dict(game.spec.options) for name, game in games.items()})
        return 0
    for name, game in games.items():
        text = " ".join((import_module(GAMES[name].partition(":")[0]).__doc__ or "").split())
        first_sentence = text.split(". ")[0].removesuffix(".")
        print(f"{name}: {first_sentence.partition(': ')[2] or first_sentence}")
        if game.spec.events[1:]:
            print(f"    events: {', '.join(game.spec.events[1:])}")
        for key, value in game.spec.options.items():
            print(f"    --option {key}={json.dumps(value, separators=(',', ':'))}")
    return 0


def _written(chosen: argparse.Namespace, folder: Path, work: Callable[[Progress], Written]) -> int:
    """Do what fills a folder, and say what is there; after Ctrl-C too."""
    done = total = 0

    def count(episodes: int, of: int) -> None:
        nonlocal done, total
        done, total = episodes, of
        advance(episodes, of)

    try:
        with _bar(chosen.json) as advance:
            result = work(count)
    except KeyboardInterrupt:
        of = f" of {total:,}" if total else ""
        print(
            f"stopped; {done:,}{of} episodes are kept in {folder}:"
            " run the same command once more to go on",
            file=sys.stderr,
        )
        return 130
    manifest = result.manifest
    size = sum(shard.size for shard in manifest.shards)
    if chosen.json:
        _print_json(
            folder=str(folder),
            episodes=manifest.episodes,
            ticks=manifest.ticks,
            shards=len(manifest.shards),
            shards_made=result.made,
            disk_bytes=size,
        )
    elif result.made:
        print(
            f"{manifest.episodes:,} episodes of {manifest.ticks:,} ticks are in {folder}"
            f" ({size / 1e6:,.1f} MB);"
            f" look at them with: {this_python()} -m data_gen inspect {folder}"
        )
    else:
        print(f"{folder} already holds these {manifest.episodes:,} episodes; nothing was written")
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


def gallery(chosen: argparse.Namespace) -> int:
    from tqdm import tqdm

    from data_gen.gallery import make_gallery
    from data_gen.registry import GAMES

    bar = tqdm(make_gallery(chosen.out), total=len(GAMES), unit=" games", delay=2, disable=None)
    files = [str(path) for path in bar]
    if chosen.json:
        _print_json(files=files)
    else:
        print(f"{len(files)} games are shown in {chosen.out}")
    return 0
