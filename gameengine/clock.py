"""The clock of a game that is played: a fixed time step, whatever drawing takes."""

from __future__ import annotations

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0)
CATCH_UP = 0.1  # seconds of play; what is missed beyond that is dropped, or a stall would race on


class Clock:
    """Tells how many ticks are due. It keeps fractions of a tick, so that it does not drift.

    fps: ticks per second at speed 1. Time is given by the caller, in seconds of any steady clock.
    """

    def __init__(self, fps: float) -> None:
        self.paused = False
        self._fps = fps
        self._speed = SPEEDS.index(1.0)
        self._owed = 0.0  # ticks
        self._last: float | None = None  # seconds

    @property
    def speed(self) -> float:
        """A factor, one of SPEEDS."""
        return SPEEDS[self._speed]

    @property
    def rate(self) -> float:
        """Ticks per second at the chosen speed, paused or not."""
        return self._fps * self.speed

    def change_speed(self, steps: int) -> None:
        """Go `steps` along SPEEDS, up to either end."""
        self._speed = min(max(self._speed + steps, 0), len(SPEEDS) - 1)

    def due(self, now: float) -> int:
        """How many ticks to play at the time `now` (s). None while paused; after a stall at most
        those of CATCH_UP seconds."""
        passed = 0.0 if self.paused or self._last is None else now - self._last
        self._last = now
        self._owed += passed * self.rate
        due, most = int(self._owed), max(1, int(CATCH_UP * self.rate))
        if due > most:
            self._owed = 0.0
            return most
        self._owed -= due
        return due

    def seconds_to_next(self) -> float:
        """From the time of the last `due` until the next tick; infinite while paused."""
        return float("inf") if self.paused else (1.0 - self._owed) / self.rate
