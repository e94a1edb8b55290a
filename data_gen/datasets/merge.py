"""One dataset from several of the same game: their shards, byte for byte, under one manifest.

Every part keeps its own list of players, by which its shards count, and the reader renumbers them
(a table of a few bytes). The other way, one list for all, would have to write every shard anew;
so a shard and its checksum stay what they were, and a part is proved as in the set it came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

from data_gen.datasets.dataset import read_complete
from data_gen.datasets.manifest import Manifest, Planned, Progress, Shard, differences, no_progress
from data_gen.datasets.parts import RECORDED, Part
from data_gen.datasets.shards import read_bytes
from data_gen.datasets.writing import Shards, Written, fill
from data_gen.errors import UserError

_MOST_PLAYERS = 256  # a policy is a byte


def merge(folders: Sequence[Path], out: Path, progress: Progress = no_progress) -> Written:
    """Fill `out` with the episodes of all `folders`, in this order, and go on where a run was
    stopped. The folders stay as they are, and are not needed afterwards.

    Raises UserError for datasets of different games, options or ticks, for episodes that are in
    two of them, for a damaged shard (naming it), and as `fill` does.
    """
    folders, out = [Path(folder) for folder in folders], Path(out)
    if len(folders) < 2:
        raise UserError("merging needs at least two folders")
    if out.resolve() in [folder.resolve() for folder in folders]:
        raise UserError(f"--out {out} is one of the folders to merge; choose another one")
    sources = [(folder, read_complete(folder)) for folder in folders]
    plan = _plan(sources)
    stored = [(folder, shard) for folder, manifest in sources for shard in manifest.shards]
    source_of: dict[str, tuple[Path, Shard]] = {
        planned.file: place for planned, place in zip(plan.planned(), stored, strict=True)
    }

    def make(plan: Manifest, missing: Sequence[Planned]) -> Shards:
        return ((planned, read_bytes(*source_of[planned.file])) for planned in missing)

    return fill(out, plan, make, progress=progress)


def _plan(sources: Sequence[tuple[Path, Manifest]]) -> Manifest:
    """The manifest of the merged dataset, without its shards. Raises UserError."""
    (first_folder, first), *others = sources
    for folder, manifest in others:
        same_parts = Manifest(manifest.spec, manifest.ticks, first.parts)
        if differing := differences(first, same_parts):
            raise UserError(f"{first_folder} and {folder} cannot be merged: {'; '.join(differing)}")
    owned = [(folder, part) for folder, manifest in sources for part in manifest.parts]
    for (one, part), (other, again) in combinations(owned, 2):
        if part.shares_episodes(again):
            raise UserError(f"{one} and {other} hold the same episodes: {_what(part)}")
    plan = Manifest(first.spec, first.ticks, tuple(part for _, part in owned))
    if len(plan.players) > _MOST_PLAYERS:
        raise UserError(f"{len(plan.players)} players; a dataset has at most {_MOST_PLAYERS}")
    return plan


def _what(part: Part) -> str:
    if part.kind == RECORDED:
        return "the same recording"
    return f"seed {part.seed}, players {' '.join(part.players)}; give each another --seed"
