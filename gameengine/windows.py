"""Where training windows come from: a true game that never stops, or a dataset folder.

A window is `context` true frames and the `ticks` frames that follow. Sources are seeded, and their
whole state can be saved, so that a resumed run sees the windows it would have seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from data_gen.game import AnyGame, GameSpec, State, map_state, replace_items
from data_gen.players import Cast
from data_gen.randomness import training_seeds

Batch = dict[str, Tensor]
"""frames (B, T0 + T, C, H, W) uint8 · actions (B, T0 + T - 1, P) int64 · reward (B, T, P) float32 ·
terminated (B, T) float32 · description (B, D) float32, of T predicted ticks after T0 frames."""

Arrays = dict[str, NDArray[Any]]


class WindowSource(Protocol):
    """Endless training windows."""

    def draw(self, count: int, ticks: int) -> Batch:
        """The next `count` windows that predict `ticks` ticks."""
        ...

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, saved: Mapping[str, Any]) -> None: ...


class LiveSource:
    """Windows from games that are played while the engine trains.

    `games` games are simulated for a chunk of ticks; windows are drawn from the chunk until it has
    given as many predicted ticks as `reuse` times its own, then the games play on. In each chunk
    one game in `restart` starts anew. Of the windows that predict a single tick a share
    `event_share` shows an event, all kinds equally often, or, half of the time, a tick at most
    `near` before or after it; a share `start_share` are first ticks of fresh games.
    """

    def __init__(
        self,
        game: AnyGame,
        cast: Cast,
        seed: int = 0,
        games: int = 256,
        event_share: float = 0.4,
        start_share: float = 0.05,
        near: int = 3,
        restart: int = 4,
        reuse: float = 0.25,
    ) -> None:
        self._game, self._cast, self._seed = game, cast, seed
        self._count, self._restart, self._reuse = games, restart, reuse
        self._event_share, self._start_share = event_share, start_share
        self._near = near
        self._rng = np.random.default_rng(seed)
        self._chunks = 0
        self._drawn = 0  # predicted ticks taken from the present chunk
        self._ticks = 0  # length of the present chunk; 0: none is there yet
        seeds = training_seeds(seed, 0, games)
        self._state: State = game.init(seeds)
        self._memory = cast.start(game.spec, seeds)
        self._saved_start = (self._state, self._memory)

    def draw(self, count: int, ticks: int) -> Batch:
        needed = self._game.spec.context + ticks
        if self._ticks < needed or self._drawn >= self._reuse * self._count * self._ticks:
            self._saved_start = self._next_games()
            self._simulate(max(256, 2 * needed))
            self._drawn = 0
        self._drawn += count * ticks
        items, starts = self._choose(count, ticks)
        return cut(self._chunk, items, starts, self._game.spec.context, ticks)

    def state_dict(self) -> dict[str, Any]:
        """The games as they were when the present chunk began, and how much of it is used."""
        state, memory = self._saved_start
        flat: Arrays = {}
        map_state(lambda value: flat.setdefault(f"state.{len(flat)}", value), state)
        flat |= {f"memory.{key}": value for key, value in memory.items()}
        return {
            "counters": [self._chunks, self._drawn, self._ticks],
            "random": self._rng.bit_generator.state,
            "arrays": {key: torch.from_numpy(value.copy()) for key, value in flat.items()},
        }

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        arrays = {key: value.numpy() for key, value in saved["arrays"].items()}
        fields = iter(value for key, value in arrays.items() if key.startswith("state."))
        state = map_state(lambda _: next(fields), self._state)
        memory = {
            key.removeprefix("memory."): value
            for key, value in arrays.items()
            if key.startswith("memory.")
        }
        self._saved_start = (state, memory)
        self._chunks, self._drawn, ticks = saved["counters"]
        if ticks:
            self._simulate(ticks)
        self._rng.bit_generator.state = saved["random"]

    def _next_games(self) -> tuple[State, Arrays]:
        """The games go on; one in `restart` starts anew, with seeds that were never used."""
        self._chunks += 1
        if self._chunks == 1:
            return self._state, self._memory
        fresh = self._fresh()
        used = (self._chunks - 1) * self._count
        seeds = training_seeds(self._seed, used, self._count)[fresh]
        state = replace_items(self._state, fresh, self._game.init(seeds))
        memory = {key: value.copy() for key, value in self._memory.items()}
        for key, value in self._cast.start(self._game.spec, seeds).items():
            memory[key][fresh] = value
        return state, memory

    def _fresh(self) -> NDArray[np.intp]:
        """Which games started anew with the present chunk: all in the first, then a turn each."""
        items = np.arange(self._count)
        return items if self._chunks == 1 else items[(items + self._chunks) % self._restart == 0]

    def _simulate(self, ticks: int) -> None:
        spec = self._game.spec
        self._ticks = ticks
        state, memory = self._saved_start
        shape = (self._count, ticks)
        chunk: Arrays = {
            "frames": np.empty((self._count, ticks + 1, *spec.shape), np.uint8),
            "actions": np.empty((*shape, len(spec.players)), np.uint8),
            "reward": np.empty((*shape, len(spec.players)), np.float32),
            "terminated": np.empty(shape, np.bool_),
            "event": np.empty(shape, np.uint8),
            "description": state.description,
        }
        frames = self._game.render(state)
        chunk["frames"][:, 0] = frames
        for tick in range(ticks):
            actions, memory = self._cast.act(spec, memory, frames)
            state = self._game.step(state, actions)
            frames = self._game.render(state)
            chunk["frames"][:, tick + 1], chunk["actions"][:, tick] = frames, actions
            chunk["reward"][:, tick], chunk["event"][:, tick] = state.reward, state.event
            chunk["terminated"][:, tick] = state.terminated
        self._state, self._memory, self._chunk = state, memory, chunk
        kinds = chunk["event"][:, spec.context - 1 :]  # only ticks with a whole context before
        self._events = [np.argwhere(kinds == kind) for kind in np.unique(kinds) if kind]

    def _choose(self, count: int, ticks: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Games (count,) and first frames (count,) of windows."""
        rng, context = self._rng, self._game.spec.context
        single = ticks == 1
        starting = round(count * self._start_share) if single else 0
        eventful = round(count * self._event_share) if single and self._events else 0
        plain = count - starting - eventful
        last = self._ticks + 1 - context - ticks  # the latest first frame
        fresh = self._fresh()
        starting_items = fresh[rng.integers(0, len(fresh), starting)]
        starting_places = rng.integers(0, 3, starting)
        kinds = rng.integers(0, max(1, len(self._events)), eventful)
        events = [self._events[kind][rng.integers(0, len(self._events[kind]))] for kind in kinds]
        happened = np.array(events, np.int64).reshape(-1, 2)  # (eventful, 2): game, first frame
        beside = rng.integers(-self._near, self._near + 1, eventful) * rng.integers(0, 2, eventful)
        return (
            np.concatenate([rng.integers(0, self._count, plain), starting_items, happened[:, 0]]),
            np.concatenate(
                [
                    rng.integers(0, last + 1, plain),
                    starting_places,
                    np.clip(happened[:, 1] + beside, 0, last),
                ]
            ),
        )


class FolderSource:
    """Windows at random places of a dataset folder, each place as likely as another."""

    def __init__(self, folder: Path, seed: int = 0) -> None:
        from data_gen.dataset import Dataset  # h5py is loaded only where a folder is read

        self._dataset = Dataset.open(folder)
        self._rng = np.random.default_rng(seed)
        self.spec: GameSpec = self._dataset.spec

    def draw(self, count: int, ticks: int) -> Batch:
        length = self.spec.context - 1 + ticks
        room = self._dataset.ticks - length
        if room < 0:
            raise ValueError(
                f"windows of {length} ticks do not fit episodes of {self._dataset.ticks}"
            )
        items = self._rng.integers(0, self._dataset.episodes, count)
        starts = self._rng.integers(0, room + 1, count)
        window = self._dataset.windows(items, starts, length)
        arrays: Arrays = {
            "frames": window.frames,
            "actions": window.actions,
            "reward": window.reward,
            "terminated": window.terminated,
            "description": window.description,
        }
        zeros = np.zeros(count, np.intp)
        return cut(arrays, np.arange(count), zeros, self.spec.context, ticks)

    def state_dict(self) -> dict[str, Any]:
        return {"random": self._rng.bit_generator.state}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        self._rng.bit_generator.state = saved["random"]


class MinedSource:
    """Another source's windows, a share of them replaced by windows that the engine got wrong.

    `mine` takes the windows of a batch that were wrong into a ring of `capacity` windows; once it
    holds `enough`, a share `share` of each batch is drawn from it. Only windows of one tick are
    mined: a longer one goes wrong for some tick in it that a ring could not name.
    """

    def __init__(
        self,
        source: WindowSource,
        share: float,
        capacity: int = 4096,
        enough: int = 256,
        seed: int = 0,
    ) -> None:
        self._source, self._share = source, share
        self._capacity, self._enough = capacity, enough
        self._rng = np.random.default_rng([seed, 1])
        self._ring: Batch = {}
        self._taken = 0

    def draw(self, count: int, ticks: int) -> Batch:
        held = min(self._taken, self._capacity)
        mined = round(count * self._share) if ticks == 1 and held >= self._enough else 0
        batch = self._source.draw(count - mined, ticks)
        if not mined:
            return batch
        places = torch.from_numpy(self._rng.integers(0, held, mined))
        return {key: torch.cat([value, self._ring[key][places]]) for key, value in batch.items()}

    def mine(self, batch: Batch, wrong: Tensor) -> None:
        """Keep the windows of `batch` where `wrong` (B,) bool holds. Those that were mined before
        stay where they are: a ring of copies of a few hard ones would teach nothing else."""
        if batch["reward"].shape[1] != 1:
            return
        held = min(self._taken, self._capacity)
        fresh = len(wrong) - (round(len(wrong) * self._share) if held >= self._enough else 0)
        index = wrong[:fresh].nonzero().squeeze(1).cpu()
        if not len(index):
            return
        if not self._ring:
            self._ring = {
                key: value.new_zeros((self._capacity, *value.shape[1:])).cpu()
                for key, value in batch.items()
            }
        places = (torch.arange(len(index)) + self._taken) % self._capacity
        for key, value in batch.items():
            self._ring[key][places] = value[index].cpu()
        self._taken += len(index)

    def state_dict(self) -> dict[str, Any]:
        return {
            "source": self._source.state_dict(),
            "random": self._rng.bit_generator.state,
            "ring": self._ring,
            "taken": self._taken,
        }

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        self._source.load_state_dict(saved["source"])
        self._rng.bit_generator.state = saved["random"]
        self._ring, self._taken = dict(saved["ring"]), saved["taken"]


def cut(
    arrays: Arrays,
    items: NDArray[np.intp],
    starts: NDArray[np.intp],
    context: int,
    ticks: int,
) -> Batch:
    """Windows of arrays (B, T, ...) as tensors; `starts` are the first frames."""
    shown = starts[:, None] + np.arange(context + ticks)  # (B, T0 + T)
    acted = shown[:, :-1]
    predicted = shown[:, context - 1 : -1]  # action t leads to frame t + 1
    rows = items[:, None]
    return {
        "frames": torch.from_numpy(arrays["frames"][rows, shown]),
        "actions": torch.from_numpy(arrays["actions"][rows, acted].astype(np.int64)),
        "reward": torch.from_numpy(arrays["reward"][rows, predicted]),
        "terminated": torch.from_numpy(arrays["terminated"][rows, predicted].astype(np.float32)),
        "description": torch.from_numpy(arrays["description"][items]),
    }
