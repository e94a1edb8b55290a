"""Filling a dataset's folder: one writer, one shard after the other, each whole, and going on where
a killed run was stopped. Whatever the shards come from, this is how they reach the disk."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from data_gen.datasets.manifest import (
    FINISHED,
    HALF_DONE,
    Manifest,
    Planned,
    Progress,
    differences,
    no_progress,
    read_manifest,
)
from data_gen.datasets.shards import is_valid, write_shard
from data_gen.errors import UserError

# What makes the shards of the plan that are not there yet: yields each, in any order, as its bytes.
Shards = Generator[tuple[Planned, bytes], None, None]
Maker = Callable[[Manifest, Sequence[Planned]], Shards]


@dataclass(frozen=True)
class Written:
    """A finished dataset. made: how many of its shards this run wrote; 0 if all were there."""

    manifest: Manifest
    made: int


def fill(
    folder: Path,
    plan: Manifest,
    make: Maker,
    *,
    any_shards: bool = False,
    progress: Progress = no_progress,
) -> Written:
    """Fill `folder` with the dataset that `plan` describes, and go on where a run was stopped.

    Shards that are there, whole, are kept; missing and damaged ones are made, those of a finished
    dataset too. any_shards: a dataset that is there may have shards of other sizes than the plan.
    progress: called with the episodes done and all of them.

    Raises UserError if another dataset is in the folder, for a second writer, when the disk is
    full, and what `make` raises.
    """
    with _sole_writer(folder):
        begun = _begun(folder, plan, any_shards)
        plan = replace(begun, shards=())
        listed = {shard.file: shard for shard in begun.shards}
        finished = (folder / FINISHED).exists()
        done, missing = 0, []
        known = {}
        for planned in plan.planned():
            shard = listed.get(planned.file)
            if shard is None or not is_valid(folder, shard):
                missing.append(planned)
                continue
            known[planned.file] = shard
            done += planned.episodes
            progress(done, plan.episodes)

        def listing() -> Manifest:
            there = [known[planned.file] for planned in plan.planned() if planned.file in known]
            return replace(plan, shards=tuple(there))

        with closing(make(plan, missing)) as shards:
            for planned, content in shards:
                known[planned.file] = write_shard(folder, planned, content)
                if not finished:
                    listing().write(folder / HALF_DONE)
                done += planned.episodes
                progress(done, plan.episodes)
        if missing or not finished:
            listing().write(folder / FINISHED)
        (folder / HALF_DONE).unlink(missing_ok=True)
    return Written(listing(), len(missing))


def _begun(folder: Path, plan: Manifest, any_shards: bool) -> Manifest:
    """The manifest that is in the folder, or a new one. Raises UserError if it is of another
    dataset than `plan`."""
    for path in (*folder.glob(".shard-*.h5.*"), *folder.glob(".manifest*.json.*")):
        path.unlink()  # a killed run's temporary files; the lock says that no one writes them
    for name in (FINISHED, HALF_DONE):
        if not (folder / name).exists():
            continue
        begun = read_manifest(folder / name)
        if any_shards and len(begun.parts) == len(plan.parts):
            pairs = zip(plan.parts, begun.parts, strict=True)
            parts = [replace(ours, shard_episodes=old.shard_episodes) for ours, old in pairs]
            plan = replace(plan, parts=tuple(parts))
        if differing := differences(begun, plan):
            raise UserError(
                f"{folder} holds another dataset: {'; '.join(differing)};"
                " choose another folder, or delete that one"
            )
        return begun
    plan.write(folder / HALF_DONE)
    return plan


@contextmanager
def _sole_writer(folder: Path) -> Iterator[None]:
    """Keeps other writers out of the folder; the lock goes with the process, however that ends."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / ".lock").open("a")
    except OSError as error:
        raise UserError(f"cannot write into {folder}: {error.strerror or error}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(
                f"another process is writing into {folder}; wait for it, or choose another folder"
            ) from None
        except OSError as error:
            raise UserError(f"cannot lock {folder}: {error.strerror or error}") from error
        yield
