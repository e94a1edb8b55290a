"""The data of a run: training windows without end, held-out windows to judge by."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray
from torch import Tensor

from data_gen.game import AnyGame, GameSpec, with_context
from data_gen.players import make_players
from data_gen.randomness import held_out_seeds
from data_gen.registry import game_of, make_game
from data_gen.rollout import roll_out
from gameengine.engine import Engine
from gameengine.learned_game import LearnedGame
from gameengine.live import LiveSource
from gameengine.mixture import MixedSource, joined
from gameengine.retargeting import check_same_shape
from gameengine.windows import Arrays, Batch, FolderSource, MinedSource, WindowSource, cut

VALIDATION_GAMES = 32
VARIANT_PIXELS = 1 << 24  # in the beginnings that are looked at to know which variants there are
VALIDATION_PIXELS = 1 << 19  # in the frames to predict; a validation should not be felt


class GameData(pl.LightningDataModule):
    """Windows of one game, or of several that one engine learns.

    game, options: as for data_gen.registry.make_game; pong by default. variants: names, and the
    options of each that differ from `options`; every batch holds equally many windows of each.
    folder: train on this dataset instead of on games that are played meanwhile; game and options
    then come from its manifest, and what says how games are played has no meaning.
    players: who plays in training; held_out_players: who plays when the engine is judged.
    ticks_per_batch: predicted ticks in a batch; the number of windows follows from their `length`.
    event_share, start_share, start_ticks, starts, games, chunk, restart, reuse: see LiveSource.
    mined_share: of windows that were got wrong before.
    round_batches: batches between two validations (and between two savings of the run).
    compared_ticks: a validation judges held-out windows of so many ticks as well, whatever length
    is being trained, so that runs can be compared; 0: none.
    """

    def __init__(
        self,
        game: str | None = None,
        options: dict[str, Any] | None = None,
        variants: dict[str, dict[str, Any]] | None = None,
        folder: str | None = None,
        players: Sequence[str] = ("random", "sticky", "tracker:0.3", "tracker:0.7"),
        held_out_players: Sequence[str] = ("tracker:0.9",),
        ticks_per_batch: int = 64,
        event_share: float = 0.4,
        start_share: float = 0.05,
        start_ticks: int = 3,
        starts: dict[str, float] | None = None,
        games: int = 256,
        chunk: int = 256,
        restart: int = 4,
        reuse: float = 0.25,
        mined_share: float = 0.25,
        round_batches: int = 100,
        compared_ticks: int = 0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        for name, value in (
            ("ticks_per_batch", ticks_per_batch),
            ("round_batches", round_batches),
            ("games", games),
            ("chunk", chunk),
            ("restart", restart),
            ("start_ticks", start_ticks),
        ):
            if value < 1:
                raise ValueError(f"data.{name} must be at least 1, not {value}")
        if compared_ticks < 0:
            raise ValueError(f"data.compared_ticks must be at least 0, not {compared_ticks}")
        if reuse <= 0:
            raise ValueError(f"data.reuse must be more than 0, not {reuse}")
        shares = {"event": event_share, "start": start_share, "mined": mined_share}
        if min(shares.values()) < 0 or event_share + start_share > 1 or mined_share >= 1:
            raise ValueError(f"the data's shares must lie between 0 and 1, not {shares}")
        self.ticks_per_batch, self.round_batches = ticks_per_batch, round_batches
        self.compared_ticks = compared_ticks
        self.length = 1  # predicted ticks of a window; see Growth
        self.draw_seconds = 0.0  # spent on making windows
        self._seed = seed
        self.trained_with = tuple(players)
        self._longest: int | None = None
        if folder is None:
            self.variants = _make_games(game or "pong", options or {}, variants)
            cast = make_players(players)
            sources: list[WindowSource] = [
                LiveSource(
                    variant,
                    cast,
                    seed,
                    event_share=event_share,
                    start_share=start_share,
                    start_ticks=start_ticks,
                    starts=starts,
                    games=max(restart, -(-games // len(self.variants))),
                    chunk=chunk,
                    restart=restart,
                    reuse=reuse,
                    look_back=self._look_back,
                )
                for variant in self.variants.values()
            ]
        else:
            sources = [stored := FolderSource(Path(folder), seed)]
            self.variants = {stored.spec.name: game_of(stored.spec)}
            self.trained_with, self._longest = stored.players, stored.longest
            if options or variants or game not in (None, self.spec.name):
                raise ValueError(
                    f"{folder} says which game it is, {self.spec.name}: leave data.game,"
                    " data.options and data.variants out"
                )
        mined = [MinedSource(source, mined_share, seed=seed) for source in sources]
        self._source = MixedSource(mined, seed) if variants else mined[0]
        self.held_out = make_players(held_out_players)
        self._validation: dict[int, Batch] = {}
        self._asked: Engine | None = None  # that looks back

    @staticmethod
    def of(trainer: pl.Trainer) -> GameData:
        """The data of a trainer. Raises RuntimeError if it is of another kind."""
        data = trainer.datamodule  # pyright: ignore[reportAttributeAccessIssue]
        if not isinstance(data, GameData):
            raise RuntimeError(f"the trainer needs GameData, not {type(data).__name__}")
        return data

    @property
    def spec(self) -> GameSpec:
        """Of the first of the variants."""
        return next(iter(self.variants.values())).spec

    def learned(self, engine: Engine) -> dict[str, LearnedGame]:
        """What an engine has learned of each of the variants."""
        return {name: LearnedGame(engine, game) for name, game in self.variants.items()}

    def check_length(self, length: int) -> None:
        """Raises ValueError if windows of `length` ticks do not fit the episodes."""
        if self._longest is not None and length > self._longest:
            raise ValueError(
                f"windows of {length} ticks do not fit the dataset's episodes, which hold"
                f" {self._longest} after the context"
            )

    @property
    def sees_strangers(self) -> bool:
        """Whether the players of the judgement are others than those of training."""
        return not set(self.held_out.names) & set(self.trained_with)

    def glimpse(self, count: int) -> tuple[Tensor, Tensor]:
        """So many true frames (N, C, H, W), as training will show them, which are not used up, and
        descriptions (M, D) of the game's variants."""
        before = self._source.state_dict()
        frames = self._source.draw(count, 1)["frames"][:, -1]
        self._source.load_state_dict(before)
        count = max(1, VARIANT_PIXELS // frames[0].numel() // len(self.variants))
        seeds = np.arange(count, dtype=np.uint64)
        descriptions = [game.init(seeds).description for game in self.variants.values()]
        return frames, torch.from_numpy(np.concatenate(descriptions))

    def ask(self, engine: Engine) -> None:
        """From now on the windows hold what the engine says of them by hindsight. Raises ValueError
        for windows of files, which are cut out of rollouts that are not at hand."""
        if self._longest is not None:
            raise ValueError(
                f"{type(engine).__name__} with these options looks back on games that are played"
                " meanwhile; leave data.folder out"
            )
        self._asked = engine

    def _look_back(self, played: Arrays, rng: np.random.Generator) -> NDArray[np.int16] | None:
        if self._asked is None:
            return None
        frames, description = (torch.from_numpy(played[key]) for key in ("frames", "description"))
        actions = torch.from_numpy(played["actions"].astype(np.int64))
        return self._asked.look_back(frames, actions, description, rng).numpy().astype(np.int16)

    def train_dataloader(self) -> Round:
        return Round(self)

    def val_dataloader(self) -> HeldOut:
        return HeldOut(self)

    def held_out_windows(self, length: int) -> Batch:
        """Held-out windows of so many predicted ticks, the same ones every time."""
        if length not in self._validation:
            self._validation[length] = self._held_out_windows(length)
        return self._validation[length]

    def draw(self) -> Batch:
        started = time.perf_counter()
        windows = max(1, self.ticks_per_batch // self.length)
        batch = self._source.draw(windows, self.length)
        self.draw_seconds += time.perf_counter() - started
        return batch

    def mine(self, batch: Batch, wrong: Tensor) -> None:
        """Tell which windows (B,) of a training batch were got wrong."""
        self._source.mine(batch, wrong)

    def state_dict(self) -> dict[str, Any]:
        return {"source": self._source.state_dict(), "draw_seconds": self.draw_seconds}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        self._source.load_state_dict(state_dict["source"])
        self.draw_seconds = state_dict["draw_seconds"]

    def _held_out_windows(self, length: int) -> Batch:
        windows = [
            self._windows_of(game, length) | {"variant": torch.full((self._count(length),), number)}
            for number, game in enumerate(self.variants.values())
        ]
        return joined(windows)

    def _count(self, length: int) -> int:
        """Held-out windows of each variant."""
        _, height, width = self.spec.shape
        pixels = length * height * width * len(self.variants)
        return max(8, VALIDATION_PIXELS // pixels)

    def _windows_of(self, game: AnyGame, length: int) -> Batch:
        context = game.spec.context
        ticks = max(128, context + length)
        seeds = held_out_seeds(self._seed, VALIDATION_GAMES)
        rollout = roll_out(game, self.held_out, seeds, ticks)
        arrays = {
            "frames": rollout.frames,
            "actions": rollout.actions,
            "reward": rollout.reward,
            "terminated": rollout.terminated,
            "description": rollout.description,
        }
        count = self._count(length)
        rng = np.random.default_rng(self._seed)
        starts = rng.integers(0, ticks + 2 - context - length, count)
        return cut(arrays, np.arange(count) % VALIDATION_GAMES, starts, context, length)


def _make_games(
    name: str, options: Mapping[str, Any], variants: Mapping[str, Mapping[str, Any]] | None
) -> dict[str, AnyGame]:
    """The games to be learned, by name, all with the context of those that need the longest one.
    Raises ValueError for variants that no engine could learn at once."""
    if not variants:
        return {name: make_game(name, **options)}
    games = {key: make_game(name, **{**options, **more}) for key, more in variants.items()}
    first, *others = games.values()
    for other in others:
        check_same_shape(first.spec, other.spec)
    most = max(game.spec.context for game in games.values())
    return {key: with_context(game, most) for key, game in games.items()}


class Round:
    """The batches between two validations. It has a length, so that Lightning draws none ahead."""

    def __init__(self, data: GameData) -> None:
        self._data = data

    def __len__(self) -> int:
        return self._data.round_batches

    def __iter__(self) -> Iterator[Batch]:
        for _ in range(len(self)):
            yield self._data.draw()


class HeldOut:
    """One batch of held-out windows, of whatever length is being trained at the time."""

    def __init__(self, data: GameData) -> None:
        self._data = data

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[Batch]:
        yield self._data.held_out_windows(self._data.length)
