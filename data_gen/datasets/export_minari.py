"""A dataset for offline reinforcement learning: Minari's format, which `minari.load_dataset` reads.

observations (T + 1, C, H, W) uint8: the frames, palette indices where the game has a palette
actions (T,) int64 of a game for one (Discrete), (T, P) of one for several (MultiDiscrete)
rewards (T,) float32: those of the first seat, since Minari has one learner an episode
terminations (T,): as played; a game that ends within an episode begins anew in it
truncations (T,): the last tick, unless the game ended there
infos: rewards (T, P) of all seats, policy (T, P), event (T,), and description (T, D) if any
"""

from __future__ import annotations

import fcntl
import json
import math
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from data_gen.command_line import this_python
from data_gen.datasets.dataset import Dataset
from data_gen.datasets.manifest import Progress, no_progress
from data_gen.errors import UserError
from data_gen.game import GameSpec

_PIECE = 64  # episodes that are read at a time


def export_minari(
    dataset: Dataset, name: str, root: Path | None = None, progress: Progress = no_progress
) -> Path:
    """Write `dataset` as the Minari dataset `name`, such as pong/test-v0, whole or not at all.
    Returns its folder. root: where Minari keeps its datasets; by default MINARI_DATASETS_PATH, or
    else ~/.minari/datasets. progress: called with the episodes done and all of them.

    Raises UserError for a name that Minari does not allow or that is taken, for a damaged shard,
    and where Minari is not installed.
    """
    try:
        import minari
        from minari.dataset.minari_dataset import parse_dataset_id
        from minari.storage import get_dataset_path
    except ImportError as error:
        raise UserError(
            f"Minari is not there ({error}): {this_python()} -m pip install 'gameengine[minari]'"
        ) from error
    try:
        parse_dataset_id(name)
    except (ValueError, TypeError) as error:  # the latter where -v0 is missing
        raise UserError(f"Minari wants an id such as pong/test-v0, not {name!r}") from error
    root = (root or get_dataset_path()).resolve()  # Minari fails at relative ones
    if (root / name).exists():
        raise UserError(f"Minari already has {name}, in {root / name}; choose another --id")
    observations, actions = _spaces(dataset.spec)
    try:
        root.mkdir(parents=True, exist_ok=True)
        _remove_left_behind(root)
        _check_room(dataset, root)
        with _whole_folder(root, name) as temporary, _minari_in(temporary):
            made = minari.create_dataset_from_buffers(
                name,
                _episodes(dataset, progress),  # pyright: ignore[reportArgumentType]  only iterated
                observation_space=observations,
                action_space=actions,
                algorithm_name=", ".join(dataset.players),
                description=_description(dataset.spec),
                data_format="hdf5",
                jpeg_encoding=False,
            )
            made.storage.update_metadata({"gameengine": json.dumps(dataset.spec.to_dict())})
    except OSError as error:
        raise UserError(f"cannot write {root / name}: {error.strerror or error}") from error
    return root / name


def _spaces(spec: GameSpec) -> tuple[Any, Any]:
    from gymnasium import spaces

    brightest = 255 if spec.palette is None else max(1, len(spec.palette) - 1)
    frames = spaces.Box(0, brightest, spec.shape, np.uint8)
    if len(spec.players) == 1:
        return frames, spaces.Discrete(len(spec.actions))
    return frames, spaces.MultiDiscrete([len(spec.actions)] * len(spec.players))


def _episodes(dataset: Dataset, progress: Progress) -> Iterator[Any]:
    from minari.data_collector import EpisodeBuffer

    alone = len(dataset.spec.players) == 1
    for first in range(0, dataset.episodes, _PIECE):
        numbers = range(first, min(first + _PIECE, dataset.episodes))
        read = dataset.windows(numbers, [0] * len(numbers), dataset.ticks)
        for item, number in enumerate(numbers):
            infos = {
                "rewards": read.reward[item],
                "policy": read.policy[item],
                "event": read.event[item],
            }
            if dataset.spec.description:
                infos["description"] = read.description[item][None].repeat(dataset.ticks, 0)
            actions = read.actions[item].astype(np.int64)
            truncations = np.zeros(dataset.ticks, np.bool_)
            truncations[-1] = not read.terminated[item, -1]
            yield EpisodeBuffer(
                id=number,
                seed=int(read.seeds[item]),
                observations=read.frames[item],  # pyright: ignore[reportArgumentType]
                actions=actions[:, 0] if alone else actions,  # pyright: ignore[reportArgumentType]
                rewards=read.reward[item, :, 0],  # pyright: ignore[reportArgumentType]
                terminations=read.terminated[item],  # pyright: ignore[reportArgumentType]
                truncations=truncations,  # pyright: ignore[reportArgumentType]
                infos=infos,
            )
            progress(number + 1, dataset.episodes)


def _description(spec: GameSpec) -> str:
    seats = f"{len(spec.players)} seats ({', '.join(spec.players)})"
    colours = "RGB" if spec.palette is None else f"palette indices of {json.dumps(spec.palette)}"
    return (
        f"{spec.name} version {spec.version}, {seats}, actions {', '.join(spec.actions)}; frames"
        f" (C, H, W) are {colours}; rewards are those of {spec.players[0]}, all are in the infos"
    )


@contextmanager
def _whole_folder(root: Path, name: str) -> Iterator[Path]:
    """Gives a folder for Minari to write in; when the block ends well, the dataset `name` in it
    goes to `root`, else nothing does."""
    # hidden: Minari does not list what begins with a dot
    with (
        tempfile.TemporaryDirectory(prefix=".exporting-", dir=root) as temporary,
        _held(Path(temporary)),
    ):
        yield Path(temporary)
        for namespace in reversed(Path(name).parents[:-1]):
            (root / namespace).mkdir(exist_ok=True)
            for file in (Path(temporary) / namespace).glob("*.json"):
                if not (root / namespace / file.name).exists():
                    shutil.copy(file, root / namespace)
        (Path(temporary) / name).replace(root / name)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Tells other exports that someone writes in `folder`; that goes with the process."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _remove_left_behind(root: Path) -> None:
    """Remove the folders of exports that were killed."""
    for folder in root.glob(".exporting-*"):
        try:
            with _held(folder):
                shutil.rmtree(folder)
        except OSError:
            continue  # someone writes in it, or it is not ours


def _check_room(dataset: Dataset, root: Path) -> None:
    """Raises UserError if the export does not fit onto the disk: HDF5 can crash on a full one."""
    spec, ticks = dataset.spec, dataset.ticks
    seats = len(spec.players)
    tick = 8 * seats + 4 + 1 + 1 + 4 * seats + seats + 1 + 4 * len(spec.description)
    wanted = dataset.episodes * ((ticks + 1) * math.prod(spec.shape) + ticks * tick)
    free = shutil.disk_usage(root).free
    if wanted > free:
        raise UserError(
            f"the export takes {wanted / 1e9:,.3g} GB, but the disk of {root} has {free / 1e9:,.3g}"
            " GB left; choose another --path"
        )


@contextmanager
def _minari_in(folder: Path) -> Iterator[None]:
    """Minari's datasets are in `folder`; and it does not ask for an author."""
    key = "MINARI_DATASETS_PATH"
    before = os.environ.get(key)
    os.environ[key] = str(folder)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            yield
    finally:
        del os.environ[key]
        if before is not None:
            os.environ[key] = before
