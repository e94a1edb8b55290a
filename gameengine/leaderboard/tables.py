"""The leaderboard's tables in Markdown, between two markers of a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gameengine.leaderboard.cells import BASELINE, EARLY, Cell
from gameengine.leaderboard.games import BLOCKS
from gameengine.leaderboard.rows import Row
from gameengine.leaderboard.study import Study
from gameengine.markers import write_between

MARKS = ("100", "1000", "10000")  # ticks
HOW_TO_READ = (
    "Each is trained for a budget of wall-clock time (minutes x threads) and judged on held-out"
    " seeds by players that training never met. Horizons in predicted ticks, median / 10th"
    " percentile over the rollouts; with ≥ the rollout was still right when watching ended. Wrong"
    f" pixels are those of a frame, the mean over the first {EARLY} ticks of the dream. With"
    " several seeds a figure is the median over them, with the least and the most in brackets. Play"
    " is one tick of one game on one thread."
)


def write_tables(
    path: Path,
    study: Study,
    blocks: Mapping[str, Sequence[Row]],
    pictures: Mapping[str, Sequence[Path]],
    program: str,
) -> None:
    """Put the blocks between the study's markers in `path`, at its end if there are none; all else
    stays.

    pictures: those of each block. program: the command without its arguments. Raises UserError for
    markers that do not match.
    """
    title, about = study.heading()
    parts = [f"## {title}", about, HOW_TO_READ]
    for name, rows in blocks.items():
        parts += [f"### {study.name}: {name}", _about(name, rows)]
        parts += [_shown(picture, path.parent) for picture in pictures[name]]
        parts += [_table(rows, BLOCKS[name].ranked), _reasons(rows), _commands(name, rows, program)]
    write_between(path, study.name, "".join(f"{part}\n\n" for part in parts if part))


def _shown(picture: Path, folder: Path) -> str:
    return f"![{picture.stem}]({picture.relative_to(folder).as_posix()})"


def _about(name: str, rows: Sequence[Row]) -> str:
    block = BLOCKS[name]
    judged = sorted({(r["rollouts"], r["ticks"]) for row in rows for r in row.results})
    over = " and ".join(f"{rollouts} rollouts of {ticks:,} ticks" for rollouts, ticks in judged)
    about = block.about[0].upper() + block.about[1:]
    return f"{about}. {over}; sorted by the {block.ranked} horizon, then by wrong pixels."


def _table(rows: Sequence[Row], ranked: str) -> str:
    columns = [
        "engine", "budget", "exact horizon", "tracked horizon", f"still {ranked} @100 / 1k / 10k",
        "frames right @10 / 100", "wrong pixels", "parameters", "training ticks/s", "play, ms",
        "seeds",
    ]  # fmt: skip
    lines = [columns, ["---"] * len(columns), *(_line(row, ranked) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _line(row: Row, ranked: str) -> list[str]:
    name = f"*{row.engine}*" if row.engine == BASELINE else row.engine
    if row.refused is not None:
        return [name, *["–"] * 10]
    survived = " / ".join(_share(row.value("survival", ranked, mark)) for mark in MARKS)
    ticks, shares = row.curve("frames")
    right = dict(zip(ticks, shares, strict=True))
    frames = " / ".join(_share(_nearest(right, tick)) for tick in (10, 100))
    wrong, parameters, speed, play = (
        row.value(key) for key in ("wrong_pixels", "parameters", "ticks_per_second", "play_ms")
    )
    return [
        name,
        row.budget,
        _horizon(row, "exact"),
        _horizon(row, "tracked"),
        survived,
        frames,
        "–" if wrong is None else _pixels(wrong) + _range(row.values("wrong_pixels"), _pixels),
        "–" if parameters is None else f"{parameters:,.0f}",
        "–" if speed is None else f"{speed:,.0f}",
        "–" if play is None else f"{play:.2f}",
        str(len(row.results)) if row.minutes else "–",
    ]


def _horizon(row: Row, kind: str) -> str:
    middle, low = row.value(kind, "median"), row.value(kind, "p10")
    if middle is None or low is None:
        return "–"
    watched = min(result["ticks"] for result in row.results)

    def ticks(value: float) -> str:
        return f"{'≥ ' * (value >= watched)}{value:,.0f}"

    return f"{ticks(middle)} / {ticks(low)}{_range(row.values(kind, 'median'), ticks)}"


def _range(values: Sequence[float], told: Callable[[float], str]) -> str:
    """Of several seeds, behind their median."""
    return f" ({told(min(values))} to {told(max(values))})" if len(values) > 1 else ""


def _pixels(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


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
            groups.setdefault(key, []).append(Cell.of(result))
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
