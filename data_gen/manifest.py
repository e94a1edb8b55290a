"""The manifest of a dataset: what was asked for, and the checksum of every shard.

A folder holds `manifest.partial.json` while it is being made and `manifest.json` when it is done.
There is no time in it, so that the same arguments give the same bytes.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_gen.atomic import write_text
from data_gen.errors import UserError
from data_gen.game import GameSpec

SCHEMA_VERSION = 1
FINISHED = "manifest.json"
HALF_DONE = "manifest.partial.json"
Progress = Callable[[int, int], None]  # called with the episodes done so far and all of them


def no_progress(done: int, total: int) -> None:
    """A Progress for those who do not want to know."""


class DamagedError(UserError):
    """A file does not hold what was written."""


@dataclass(frozen=True)
class Shard:
    """What the manifest says of one shard. size: of the file, in bytes."""

    file: str
    first_episode: int
    episodes: int
    sha256: str
    size: int


@dataclass(frozen=True)
class Manifest:
    """A dataset of `episodes` rollouts of `ticks` ticks, `shard_episodes` of them to a shard.

    players: names as `make_players` takes them. seed: of the stream of training seeds.
    shards: those that are on the disk, by their first episode.
    """

    spec: GameSpec
    seed: int
    players: tuple[str, ...]
    episodes: int
    ticks: int
    shard_episodes: int
    shards: tuple[Shard, ...] = ()

    def planned(self) -> Iterator[tuple[str, int, int]]:
        """(file, first episode, episodes) of every shard of the finished dataset."""
        for number, first in enumerate(range(0, self.episodes, self.shard_episodes)):
            count = min(self.shard_episodes, self.episodes - first)
            yield f"shard-{number:05d}.h5", first, count

    def arguments(self) -> dict[str, Any]:
        """What was asked for, as plain values: all but the shards."""
        return {
            "game": self.spec.name,
            "game_version": self.spec.version,
            "seed": self.seed,
            "players": list(self.players),
            "episodes": self.episodes,
            "ticks": self.ticks,
            "shard_episodes": self.shard_episodes,
            "spec": self.spec.to_dict(),
        }

    def to_text(self) -> str:
        """As JSON. Its last entry is the sha256 of the text in which that entry is empty: a rule
        that every schema version keeps, so that damage is told from a newer schema."""
        shards = [dataclasses.asdict(shard) for shard in self.shards]
        content = {
            "format": "gameengine dataset",
            "schema_version": SCHEMA_VERSION,
            **self.arguments(),
            "shards": shards,
        }
        return sealed(content)

    def write(self, path: Path) -> None:
        """Write to `path` as a whole file."""
        write_text(path, self.to_text())


def sealed(content: dict[str, Any]) -> str:
    """`content` as JSON text that ends with its own checksum."""
    text = json.dumps({**content, "checksum": ""}, indent=2) + "\n"
    digest = hashlib.sha256(text.encode()).hexdigest()
    return text.replace('"checksum": ""\n}', f'"checksum": "{digest}"\n}}')


def read_manifest(path: Path) -> Manifest:
    """The manifest at `path`.

    Raises DamagedError if any byte of it was changed, UserError if it cannot be read or its schema
    is not this program's.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error
    try:
        content = json.loads(data)  # bytes, not text: reading text would hide a changed line end
        digest = content["checksum"]
        if hashlib.sha256(data.replace(digest.encode(), b"")).hexdigest() != digest:
            raise ValueError("the checksum differs")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedError(
            f"{path} is damaged: its checksum is not its content's;"
            " delete this file and run the generate command that made it once more"
        ) from error
    version = content.get("schema_version")
    if version != SCHEMA_VERSION:
        raise UserError(
            f"{path} has schema version {version!r}, but this program reads {SCHEMA_VERSION};"
            " use the release that made it"
        )
    try:
        return _from_content(content)
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedError(f"{path} does not describe a dataset: {error}") from error


def _from_content(content: dict[str, Any]) -> Manifest:
    manifest = Manifest(
        spec=GameSpec.from_dict(content["spec"]),
        seed=content["seed"],
        players=tuple(content["players"]),
        episodes=content["episodes"],
        ticks=content["ticks"],
        shard_episodes=content["shard_episodes"],
        shards=tuple(Shard(**entry) for entry in content["shards"]),
    )
    # Also keeps a stranger's manifest from naming files outside its folder.
    planned = set(manifest.planned())
    for shard in manifest.shards:
        if (shard.file, shard.first_episode, shard.episodes) not in planned:
            raise ValueError(f"unexpected shard {shard.file!r}")
    return manifest


def differences(begun: Manifest, wanted: Manifest) -> list[str]:
    """In which arguments two manifests differ, as "episodes 100, not 200"; options by name."""

    def listed(manifest: Manifest) -> dict[str, Any]:
        values = {key.replace("_", " "): value for key, value in manifest.arguments().items()}
        spec = values.pop("spec")
        options = {f"option {key}": value for key, value in spec.pop("options").items()}
        return values | options | {f"spec {key}": value for key, value in spec.items()}

    old, new = listed(begun), listed(wanted)
    if old["game"] != new["game"]:  # then all the rest differs too
        return [f"game {old['game']}, not {new['game']}"]
    return [
        f"{name} {_shown(old.get(name))}, not {_shown(new.get(name))}"
        for name in (old | new)
        if old.get(name) != new.get(name)
    ]


def _shown(value: Any) -> str:
    return " ".join(value) if _is_names(value) else json.dumps(value)


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, str) for entry in value)
