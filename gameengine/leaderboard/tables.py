"""The leaderboard's tables in Markdown, between two markers of a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any

from data_gen.atomic import write_text
from data_gen.errors import UserError
from gameengine.leaderboard.cells import BASELINE, Cell
from gameengine.leaderboard.games import BLOCKS

BEGIN, END = "<!-- leaderboard -->", "<!-- /leaderboard -->"
MARKS = ("100", "1000", "10000")  # ticks
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

    def value(self, *keys: str) -> float | None:
        """A figure: the median over the seeds. None if it was not measured."""
        found = [_at(result, keys) for result in self.results]
        known = [value for value in found if value is not None]
        return median(known) if known else None

    def curve(self, kind: str) -> tuple[list[int], list[float]]:
        """Ticks and shares, mean over the seeds as far as all of them were watched."""
        curves = [result["curves"] for result in self.results if kind in result["curves"]]
        values = [fmean(many) for many in zip(*(curve[kind] for curve in curves), strict=False)]
        return (curves[0]["ticks"][: len(values)] if curves else [], values)

    def rank(self, ranked: str) -> tuple[float, ...]:
        """Sorts rows, the best first."""
        if self.refused is not None:
            return (1.0,)
        figures = (self.value(ranked, "median"), self.value(ranked, "p10"), self._accuracy())
        return (0.0, *(-(figure or 0.0) for figure in figures))

    def _accuracy(self) -> float:
        """Where horizons are 0, the share of right frames still tells engines apart."""
        return fmean(self.curve("frames")[1] or [0.0])


def rows_of(results: Sequence[Result], ranked: str, block: str) -> list[Row]:
    """The rows of a block, sorted by the median of the horizon `ranked`."""
    rows: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        if result["block"] == block:
            cell = _cell(result)
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


def write_tables(path: Path, blocks: Mapping[str, Sequence[Row]], program: str) -> None:
    """Put the blocks between the markers in `path`, at its end if there are none; all else stays.

    program: the command without its arguments. Raises UserError for markers that do not match.
    """
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read {path}: {error}") from error
    before, begun, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if bool(begun) != bool(ended) or (not begun and END in text):
        raise UserError(f"{path} has one of the lines {BEGIN} and {END}, not both in this order")
    if not begun:
        before, after = text.rstrip("\n") + "\n\n" * bool(text.strip()), "\n"
    write_text(path, before + BEGIN + "\n" + _tables(blocks, program) + END + after)


def _tables(blocks: Mapping[str, Sequence[Row]], program: str) -> str:
    parts = [
        "## Leaderboard",
        "Every engine on every game, trained for the same wall-clock time (minutes x threads) and"
        " judged on held-out seeds by players that training never met. Horizons in predicted ticks,"
        " median / 10th percentile over the rollouts; with ≥ the rollout was still right when"
        " watching ended. With several seeds a figure is the median over them, with the least and"
        " the most median horizon in brackets. Play is one tick of one game on one thread.",
    ]
    for name, rows in blocks.items():
        parts += [f"### {name}", _about(name, rows), f"![{name}](assets/leaderboard/{name}.png)"]
        parts += [_table(rows, BLOCKS[name].ranked), _reasons(rows), _commands(name, rows, program)]
    return "".join(f"{part}\n\n" for part in parts if part)


def _about(name: str, rows: Sequence[Row]) -> str:
    block = BLOCKS[name]
    judged = sorted({(r["rollouts"], r["ticks"]) for row in rows for r in row.results})
    over = " and ".join(f"{rollouts} rollouts of {ticks:,} ticks" for rollouts, ticks in judged)
    about = block.about[0].upper() + block.about[1:]
    return f"{about}. {over}; sorted by the {block.ranked} horizon."


def _table(rows: Sequence[Row], ranked: str) -> str:
    columns = [
        "engine", "budget", "exact horizon", "tracked horizon", f"still {ranked} @100 / 1k / 10k",
        "frames right @10 / 100", "parameters", "training ticks/s", "play, ms", "seeds",
    ]  # fmt: skip
    lines = [columns, ["---"] * len(columns), *(_line(row, ranked) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _line(row: Row, ranked: str) -> list[str]:
    name = f"*{row.engine}*" if row.engine == BASELINE else row.engine
    if row.refused is not None:
        return [name, *["–"] * 9]
    survived = " / ".join(_share(row.value("survival", ranked, mark)) for mark in MARKS)
    ticks, shares = row.curve("frames")
    right = dict(zip(ticks, shares, strict=True))
    frames = " / ".join(_share(_nearest(right, tick)) for tick in (10, 100))
    parameters, speed, play = (
        row.value(key) for key in ("parameters", "ticks_per_second", "play_ms")
    )
    return [
        name,
        row.budget,
        _horizon(row, "exact"),
        _horizon(row, "tracked"),
        survived,
        frames,
        "–" if parameters is None else f"{parameters:,.0f}",
        "–" if speed is None else f"{speed:,.0f}",
        "–" if play is None else f"{play:.2f}",
        str(len(row.results)) if row.minutes else "–",
    ]


def _horizon(row: Row, kind: str) -> str:
    middle, low = row.value(kind, "median"), row.value(kind, "p10")
    if middle is None or low is None:
        return "–"
    ticks = row.results[0]["ticks"]
    text = f"{_ticks(middle, ticks)} / {_ticks(low, ticks)}"
    medians = [result[kind]["median"] for result in row.results]
    if len(medians) > 1:
        text += f" ({_ticks(min(medians), ticks)} to {_ticks(max(medians), ticks)})"
    return text


def _ticks(value: float, watched: int) -> str:
    return f"{'≥ ' * (value >= watched)}{value:,.0f}"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def _nearest(values: Mapping[int, float], tick: int) -> float | None:
    """The value at the measured tick nearest to `tick`, at most a tenth off."""
    near = min(values, key=lambda known: abs(known - tick), default=0)
    return values[near] if abs(near - tick) <= tick / 10 else None


def _reasons(rows: Sequence[Row]) -> str:
    return "\n".join(f"- {row.engine}: {row.refused}" for row in rows if row.refused is not None)


def _commands(name: str, rows: Sequence[Row], program: str) -> str:
    """The commands that train and judge the block's cells anew."""
    groups: dict[tuple[Any, ...], list[Cell]] = {}
    for result in (result for row in rows for result in row.results):
        if result["minutes"]:
            key = tuple(result[key] for key in ("threads", "jobs", "rollouts", "ticks"))
            groups.setdefault(key, []).append(_cell(result))
    lines = []
    for (threads, jobs, rollouts, ticks), cells in sorted(groups.items()):
        engines = " ".join(sorted({cell.engine for cell in cells}))
        minutes = " ".join(f"{value:g}" for value in sorted({cell.minutes for cell in cells}))
        seeds = 1 + max(cell.seed for cell in cells)
        lines.append(
            f"$ {program} --games {name} --engines {engines} --minutes {minutes} --threads"
            f" {threads} --jobs {jobs} --seeds {seeds} --rollouts {rollouts} --ticks {ticks}"
        )
    return "\n".join(["```console", *lines, "```"]) if lines else ""


def _cell(result: Result) -> Cell:
    return Cell(*(result[key] for key in ("block", "engine", "minutes", "threads", "seed")))


def _at(result: Result, keys: Sequence[str]) -> float | None:
    value: Any = result
    for key in keys:
        value = None if value is None else value.get(key)
    return value
