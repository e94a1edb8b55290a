"""What there is to watch of a game: an episode of a dataset, a person's recording, a gif."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageSequence, UnidentifiedImageError

from data_gen.errors import UserError
from data_gen.game import Frames, GameSpec

RECORDING, GIF = ".npz", ".gif"


@dataclass(frozen=True)
class Seen:
    """frames (T + 1, C, H, W) palette indices and actions (T, P) between them. spec and description
    (D,): of the game that was seen, if that is known."""

    frames: Frames
    actions: NDArray[np.uint8]
    spec: GameSpec | None = None
    description: NDArray[np.float32] | None = None


def watch(path: Path, spec: GameSpec, episode: int, frames: int | None) -> Seen:
    """The first `frames` frames, all for None, of an episode in `path`. spec: of the game that is
    looked for in a gif. Raises UserError for what cannot be read, and for fewer frames than that.
    """
    if path.suffix == GIF:
        seen = _gif(path, spec)
    elif path.suffix == RECORDING:
        seen = _recording(path, episode)
    else:
        seen = _episode(path, episode)
    there = len(seen.frames)
    if frames is not None and frames > there:
        raise UserError(f"{path} shows {there} frames, not {frames}")
    last = there if frames is None else frames
    return Seen(seen.frames[:last], seen.actions[: last - 1], seen.spec, seen.description)


def _episode(folder: Path, episode: int) -> Seen:
    from data_gen.datasets.dataset import Dataset

    dataset = Dataset.open(folder, memory_limit=0)
    _check(folder, episode, dataset.episodes, "episodes")
    one = dataset.windows([episode], [0], dataset.ticks)  # pyright: ignore[reportArgumentType]
    return Seen(one.frames[0], one.actions[0], dataset.spec, one.description[0])


def _recording(path: Path, play: int) -> Seen:
    from data_gen.datasets.recordings import read_recording
    from data_gen.players import ReplayPlayer
    from data_gen.registry import game_of
    from data_gen.rollout import roll_out

    recording = read_recording(path)
    _check(path, play, len(recording.plays), "plays")
    chosen = recording.plays[play]
    if not len(chosen.actions):
        raise UserError(f"play {play} of {path} has no ticks")
    try:
        game = game_of(recording.spec)
    except ValueError as error:
        raise UserError(f"{path}: {error}") from error
    seeds = np.array([chosen.seed], np.uint64)
    player = ReplayPlayer(chosen.actions[None], chosen.policy[None])
    one = roll_out(game, player, seeds, len(chosen.actions))
    return Seen(one.frames[0], one.actions[0], game.spec, one.description[0])


def _gif(path: Path, spec: GameSpec) -> Seen:
    """Of games that nobody plays: a gif does not tell actions. Enlarged pixels are found."""
    if spec.choices > 1:
        raise UserError(
            f"{path} does not show what the players of {spec.name} press; give a dataset or a"
            " recording"
        )
    try:
        with Image.open(path) as gif:
            pictures = np.stack(
                [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(gif)]
            )
    except (OSError, UnidentifiedImageError) as error:
        raise UserError(f"cannot read {path}: {error}") from error
    factor, rest = divmod(pictures.shape[1], spec.shape[1])
    small = pictures[:, :: max(1, factor), :: max(1, factor)]
    palette = np.array(spec.palette, np.int64)
    if (
        rest
        or small.shape[1:3] != spec.shape[1:]
        or not (small.repeat(factor, 1).repeat(factor, 2) == pictures).all()
    ):
        raise UserError(
            f"{path} is no gif of {spec.shape[1]} x {spec.shape[2]} pixels, each enlarged to a"
            " square, and nothing else"
        )
    distance = np.abs(small[..., None, :].astype(np.int64) - palette).sum(-1)  # (T, H, W, K)
    frames = distance.argmin(-1).astype(np.uint8)[:, None]
    return Seen(frames, np.zeros((len(frames) - 1, len(spec.players)), np.uint8))


def _check(path: Path, number: int, there: int, what: str) -> None:
    if not 0 <= number < there:
        raise UserError(f"{path} has {there} {what}, 0 to {there - 1}; there is no {number}")
