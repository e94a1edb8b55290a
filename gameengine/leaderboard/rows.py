"""Rows of a block: an engine at a budget, over its seeds. Tables and pictures are made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

from gameengine.leaderboard.cells import BASELINE, Cell

Result = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """An engine at one budget on one game. results: of its seeds, none of them refused; refused:
    why the engine does not take the game."""

    engine: str
    budget: str
    minutes: float
    results: Sequence[Result]
    refused: str | None = None

    @property
    def kind(self) -> str:
        """The class of the engine; none for the baseline."""
        if self.engine == BASELINE or not self.results:
            return ""
        chosen = self.results[0]["settings"].get("model", {}).get("engine", "")
        return chosen if isinstance(chosen, str) else chosen["class_path"]

    def values(self, *keys: str) -> list[float]:
        """A figure of each seed in which it was measured."""
        found = [_at(result, keys) for result in self.results]
        return [value for value in found if value is not None]

    def value(self, *keys: str) -> float | None:
        """A figure: the median over the seeds. None if it was not measured."""
        known = self.values(*keys)
        return median(known) if known else None

    def curve(self, kind: str) -> tuple[list[int], list[float]]:
        """Ticks and values, the mean over the seeds, at the ticks that all of them were watched."""
        curves = [
            dict(zip(result["curves"]["ticks"], result["curves"][kind], strict=False))
            for result in self.results
            if kind in result["curves"]
        ]
        ticks = (
            [tick for tick in curves[0] if all(tick in curve for curve in curves)] if curves else []
        )
        return ticks, [fmean(curve[tick] for curve in curves) for tick in ticks]

    def rank(self, ranked: str) -> tuple[float, ...]:
        """Sorts rows, the best first. Where horizons are 0, wrong pixels still tell them apart."""
        if self.refused is not None:
            return (1.0,)
        horizons = (-(self.value(ranked, key) or 0.0) for key in ("median", "p10"))
        wrong = self.value("wrong_pixels")
        return (0.0, *horizons, float("inf") if wrong is None else wrong)


def rows_of(results: Sequence[Result], ranked: str, block: str) -> list[Row]:
    """The rows of a block, sorted by the median of the horizon `ranked`."""
    rows: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        if result["block"] == block:
            cell = Cell.of(result)
            # An engine that refuses the game does so at any budget: one row says it.
            budget = "" if result["refused"] is not None else cell.budget
            rows.setdefault((cell.engine, budget), []).append(result)
    made = [
        Row(
            engine,
            budget or "–",
            many[0]["minutes"],
            [result for result in many if result["refused"] is None],
            many[0]["refused"],
        )
        for (engine, budget), many in rows.items()
    ]
    return sorted(made, key=lambda row: (*row.rank(ranked), row.engine))


def longest(rows: Sequence[Row]) -> list[Row]:
    """One row for each engine that was measured, at its longest budget, in their order."""
    found: dict[str, Row] = {}
    for row in rows:
        known = found.get(row.engine)
        if row.results and (known is None or row.minutes > known.minutes):
            found[row.engine] = row
    return [row for row in rows if found.get(row.engine) is row]


def _at(result: Result, keys: Sequence[str]) -> float | None:
    value: Any = result
    for key in keys:
        value = None if value is None else value.get(key)
    return value
