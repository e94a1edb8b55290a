"""Training windows from games that are played while the engine trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from data_gen.game import AnyGame, State, map_state, replace_items
from data_gen.players import Cast
from data_gen.randomness import training_seeds
from data_gen.rollout import Ticks, buffers, roll_on
from data_gen.starts import Starts
from gameengine.windows import Arrays, Batch, cut

LookBack = Callable[[Arrays, np.random.Generator], NDArray[np.int16] | None]


class LiveSource:
    """Windows from games that are played while the engine trains.

    `games` games are simulated for a chunk of `chunk` ticks, more if windows are long; windows are
    drawn from it until it has given as many predicted ticks as `reuse` times its own, then the
    games play on. In each chunk one game in `restart` starts anew. A share `start_share` of the
    windows are beginnings of fresh games; those begin as `starts` says, see data_gen.starts.Starts.
    Windows that predict a single tick begin at one of the first `start_ticks` of these; of all such
    windows a share `event_share` shows an event, all kinds equally often, or, half of the time, a
    tick at most `near` before or after it.
    look_back: says of the rollouts of a chunk what no frame shows, (B, T + 1, ...), or None.
    """

    def __init__(
        self,
        game: AnyGame,
        cast: Cast,
        seed: int = 0,
        games: int = 256,
        event_share: float = 0.4,
        start_share: float = 0.05,
        start_ticks: int = 3,
        near: int = 3,
        chunk: int = 256,
        restart: int = 4,
        reuse: float = 0.25,
        starts: Mapping[str, float] | None = None,
        look_back: LookBack = lambda chunk, rng: None,
    ) -> None:
        self._look_back = look_back
        self._game, self._cast, self._seed = game, cast, seed
        self._count, self._reuse = games, reuse
        self._least, self._restart = chunk, restart
        self._event_share, self._start_share = event_share, start_share
        self._start_ticks, self._near = start_ticks, near
        self._rng = np.random.default_rng(seed)
        self._chunks = 0
        self._drawn = 0  # predicted ticks taken from the present chunk
        self._ticks = 0  # length of the present chunk; 0: none is there yet
        self._played: Ticks | None = None  # the present chunk
        seeds = training_seeds(seed, 0, games)
        self._begin = Starts(game, starts or {"init": 1}).draw
        self._state: State = self._begin(seeds)
        self._memory = cast.start(game.spec, seeds)
        self._saved_start = (self._state, self._memory)

    def draw(self, count: int, ticks: int) -> Batch:
        needed = self._game.spec.context + ticks
        if self._ticks < needed or self._drawn >= self._reuse * self._count * self._ticks:
            self._saved_start = self._next_games()
            self._simulate(max(self._least, 2 * needed))
            if (told := self._look_back(self._chunk, self._rng)) is not None:
                self._chunk["hindsight"] = told
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
        if self._ticks and "hindsight" in self._chunk:  # told by weights that have changed since
            flat["hindsight"] = self._chunk["hindsight"]
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
        self._chunks, self._drawn, self._ticks = saved["counters"]
        if self._ticks:
            self._simulate(self._ticks)
            if "hindsight" in arrays:
                self._chunk["hindsight"] = arrays["hindsight"]
        self._rng.bit_generator.state = saved["random"]

    def _next_games(self) -> tuple[State, Arrays]:
        """The games go on; one in `restart` starts anew, with seeds that were never used."""
        self._chunks += 1
        if self._chunks == 1:
            return self._state, self._memory
        fresh = self._fresh()
        used = (self._chunks - 1) * self._count
        seeds = training_seeds(self._seed, used, self._count)[fresh]
        state = replace_items(self._state, fresh, self._begin(seeds))
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
        if self._played is None or ticks != self._played.event.shape[1]:
            self._played = buffers(spec, self._count, ticks)
        self._ticks = ticks
        state, memory = self._saved_start
        self._state, self._memory = roll_on(self._game, self._cast, state, memory, self._played)
        self._chunk: Arrays = vars(self._played) | {"description": state.description}
        kinds = self._played.event[:, spec.context - 1 :]  # only ticks with a whole context before
        self._events = [np.argwhere(kinds == kind) for kind in np.unique(kinds) if kind]

    def _choose(self, count: int, ticks: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Games (count,) and first frames (count,) of windows."""
        rng, context = self._rng, self._game.spec.context
        single = ticks == 1
        # Rounded by chance: of a few windows none would ever be a beginning.
        starting, eventful = (
            int(count * share + rng.random()) for share in (self._start_share, self._event_share)
        )
        eventful = min(eventful, count - starting) if single and self._events else 0
        plain = count - starting - eventful
        last = self._ticks + 1 - context - ticks  # the latest first frame
        fresh, early = self._fresh(), min(self._start_ticks, last + 1)
        starting_items = fresh[rng.integers(0, len(fresh), starting)]
        starting_places = rng.integers(0, early if single else 1, starting)
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
