"""A number that a person moves in the window."""

from __future__ import annotations

from dataclasses import dataclass

STEPS = 20  # of a key, from 0 to the right end


@dataclass
class Slider:
    """value: between low and high, high more than 0."""

    name: str
    low: float
    high: float
    value: float = 0.0

    def move(self, steps: int) -> None:
        """As the keys do."""
        self.set(self.value + steps * self.high / STEPS)

    def set(self, value: float) -> None:
        """To `value`, or to the end that is nearest to it."""
        self.value = min(self.high, max(self.low, value))

    @property
    def share(self) -> float:
        """How far it is on its way, 0 to 1."""
        return (self.value - self.low) / (self.high - self.low)
