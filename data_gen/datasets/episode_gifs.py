"""Episodes of a dataset as a moving picture, side by side, each under its number and players."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_gen.datasets.dataset import Dataset
from data_gen.errors import UserError
from data_gen.pictures import (
    Picture,
    caption,
    enlarge,
    fitting_factor,
    stack,
    to_rgb,
    write_gif,
)

MOST_EPISODES = 16  # beside each other; more are too wide to look at


def write_episodes(dataset: Dataset, episodes: Sequence[int], path: Path, ticks: int) -> None:
    """Write a gif of the first `ticks` ticks (or all that there are) of some episodes.

    Raises UserError for episodes that are not there, for too many, and for a damaged shard.
    """
    if not 1 <= len(episodes) <= MOST_EPISODES:
        raise UserError(f"a gif shows 1 to {MOST_EPISODES} episodes, not {len(episodes)}")
    for episode in episodes:
        if not 0 <= episode < dataset.episodes:
            raise UserError(
                f"no episode {episode} in {dataset.folder}; they are 0 to {dataset.episodes - 1}"
            )
    if ticks < 1:
        raise UserError(f"a gif needs at least 1 tick, not {ticks}")
    ticks = min(ticks, dataset.ticks)
    spec = dataset.spec
    shown = dataset.windows(episodes, [0] * len(episodes), ticks)
    frames = np.moveaxis(to_rgb(shown.frames, spec), 1, 0)  # (T + 1, N, H, W, 3)
    # who acts in the tick that a frame begins; the last frame begins none
    policy = np.moveaxis(shown.policy, 1, 0)[[*range(ticks), ticks - 1]]  # (T + 1, N, P)
    pictures = _pictures(dataset, episodes, frames, policy)
    write_gif(path, pictures, fps=min(spec.fps, 30))


def _pictures(
    dataset: Dataset,
    episodes: Sequence[int],
    frames: NDArray[np.uint8],
    policy: NDArray[np.uint8],
) -> Iterator[Picture]:
    factor = fitting_factor(dataset.spec)
    width = dataset.spec.shape[2] * factor
    titles: dict[str, Picture] = {}
    for shown, players in zip(frames, policy, strict=True):
        columns: list[Picture] = []
        for episode, picture, numbers in zip(episodes, shown, players, strict=True):
            text = f"{episode}: {' - '.join(dataset.players[number] for number in numbers)}"
            if text not in titles:
                titles[text] = caption(width, text)
            columns.append(stack([titles[text], enlarge(picture, factor)], 0, 0))
        yield stack(columns, 1)
