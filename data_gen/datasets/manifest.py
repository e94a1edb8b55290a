"""The manifest of a dataset: where its episodes come from, and the checksum of every shard.

Its parts lie one after the other and share no shard, so that a merged dataset holds the shards of
its sources as they are. A folder holds `manifest.partial.json` while it is being made, and
`manifest.json` when it is done. There is no time in it, so that the same arguments give the same
bytes.
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
from data_gen.datasets.parts import Part
from data_gen.errors import UserError
from data_gen.game import GameSpec

SCHEMA_VERSION = 2
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
class Planned:
    """A shard of the finished dataset. offset: number of its first episode in its part."""

    file: str
    first_episode: int
    episodes: int
    part: Part
    offset: int


@dataclass(frozen=True)
class Manifest:
    """A dataset of rollouts of `ticks` ticks. shards: those on the disk, by their first episode."""

    spec: GameSpec
    ticks: int
    parts: tuple[Part, ...]
    shards: tuple[Shard, ...] = ()

    @property
    def episodes(self) -> int:
        return sum(part.episodes for part in self.parts)

    @property
    def players(self) -> tuple[str, ...]:
        """All who play in it, each once, in the order in which the parts name them."""
        return tuple(dict.fromkeys(name for part in self.parts for name in part.players))

    def planned(self) -> Iterator[Planned]:
        """Every shard of the finished dataset."""
        number = first = 0
        for part in self.parts:
            for offset in range(0, part.episodes, part.shard_episodes):
                count = min(part.shard_episodes, part.episodes - offset)
                yield Planned(f"shard-{number:05d}.h5", first, count, part, offset)
                number, first = number + 1, first + count

    def placed(self) -> list[tuple[Shard, Part]]:
        """The shards that are there, and whose they are."""
        parts = {planned.file: planned.part for planned in self.planned()}
        return [(shard, parts[shard.file]) for shard in self.shards]

    def to_text(self) -> str:
        """As JSON. Its last entry is the sha256 of the text in which that entry is empty: a rule
        that every schema version keeps, so that damage is told from a newer schema."""
        shards = [dataclasses.asdict(shard) for shard in self.shards]
        content = {
            "format": "gameengine dataset",
            "schema_version": SCHEMA_VERSION,
            "game": self.spec.name,
            "game_version": self.spec.version,
            "ticks": self.ticks,
            "parts": [part.to_dict() for part in self.parts],
            "spec": self.spec.to_dict(),
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
            " delete this file and run the command that made it once more"
        ) from error
    version = content.get("schema_version")
    if version != SCHEMA_VERSION:
        older = isinstance(version, int) and version < SCHEMA_VERSION
        raise UserError(
            f"{path} has schema version {version!r}, but this program reads {SCHEMA_VERSION};"
            f" use the release that made it{', or make the dataset again' if older else ''}"
        )
    try:
        return _from_content(content)
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedError(f"{path} does not describe a dataset: {error}") from error


def _from_content(content: dict[str, Any]) -> Manifest:
    manifest = Manifest(
        spec=GameSpec.from_dict(content["spec"]),
        ticks=content["ticks"],
        parts=tuple(Part.from_dict(entry) for entry in content["parts"]),
        shards=tuple(Shard(**entry) for entry in content["shards"]),
    )
    header, spec = (content["game"], content["game_version"]), manifest.spec
    if header != (spec.name, spec.version):
        raise ValueError(
            f"it is of {header[0]} version {header[1]}, but its spec of {spec.name} version"
            f" {spec.version}"
        )
    # Also keeps a stranger's manifest from naming files outside its folder.
    planned = {(shard.file, shard.first_episode, shard.episodes) for shard in manifest.planned()}
    for shard in manifest.shards:
        if (shard.file, shard.first_episode, shard.episodes) not in planned:
            raise ValueError(f"unexpected shard {shard.file!r}")
    return manifest


def differences(begun: Manifest, wanted: Manifest) -> list[str]:
    """In what two manifests differ but for their shards, as "episodes 100, not 200"; options by
    name, parts by number where there are several."""
    old, new = _listed(begun), _listed(wanted)
    if old["game"] != new["game"]:  # then all the rest differs too
        return [f"game {old['game']}, not {new['game']}"]
    return [
        f"{name} {_shown(old.get(name))}, not {_shown(new.get(name))}"
        for name in (old | new)
        if old.get(name) != new.get(name)
    ]


def _listed(manifest: Manifest) -> dict[str, Any]:
    spec = manifest.spec.to_dict()
    values = {"game": spec["name"], "game version": spec["version"], "ticks": manifest.ticks}
    several = len(manifest.parts) > 1
    for number, part in enumerate(manifest.parts, 1):
        prefix = f"part {number} " if several else ""
        for name, value in part.to_dict().items():
            values[prefix + name.replace("_", " ")] = value
    values |= {f"option {name}": value for name, value in spec.pop("options").items()}
    return values | {f"spec {name}": value for name, value in spec.items()}


def _shown(value: Any) -> str:
    return " ".join(value) if _is_names(value) else json.dumps(value)


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, str) for entry in value)
