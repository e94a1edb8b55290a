"""The leaderboard's pictures: how long each engine's dream stays true, over logarithmic time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter

from data_gen.atomic import whole_file
from gameengine.curves import COLOURS, GREY, STYLES
from gameengine.leaderboard.cells import BASELINE
from gameengine.leaderboard.games import Block
from gameengine.leaderboard.tables import Row


def draw_block(path: Path, block: Block, rows: Sequence[Row], engines: Sequence[str]) -> None:
    """Write a block's picture: left the share of rollouts that are still right, right the share of
    exact frames. One line for each engine, at its longest budget, named in the order of the rows.

    engines: those of all blocks, so that an engine looks the same in every picture.
    """
    shown = _longest(rows)
    budgets = {row.budget for row in shown if row.engine != BASELINE}
    looks = {name: _look(number) for number, name in enumerate(sorted(engines))}
    looks[BASELINE] = {"color": GREY, "ls": "solid", "lw": 2.8, "zorder": 1}
    with mpl.rc_context({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(10.4, 3.9), dpi=120, layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        for axes, kind, title in (
            (left, block.ranked, f"Rollouts still {block.ranked}"),
            (right, "frames", "Frames exact at that tick"),
        ):
            for row in shown:
                name = row.engine if len(budgets) < 2 else f"{row.engine}, {row.budget}"
                axes.plot(*row.curve(kind), label=name, **looks[row.engine])
            axes.set_title(title, loc="left", fontsize=11)
            _set_axes(axes)
        handles, names = left.get_legend_handles_labels()
        head = f"{block.name}, {budgets.pop()}" if len(budgets) == 1 else block.name
        figure.legend(
            handles,
            names,
            loc="outside right upper",
            frameon=False,
            handlelength=3,
            title=head,
            alignment="left",
        )
        with whole_file(path) as temporary:
            figure.savefig(temporary, format="png")


def _longest(rows: Sequence[Row]) -> list[Row]:
    """One row for each engine that was measured, in their order."""
    longest: dict[str, Row] = {}
    for row in rows:
        known = longest.get(row.engine)
        if row.results and (known is None or row.minutes > known.minutes):
            longest[row.engine] = row
    return [row for row in rows if longest.get(row.engine) is row]


def _look(number: int) -> dict[str, Any]:
    """Colours first, then other kinds of line."""
    turn, place = divmod(number, len(COLOURS))
    return {"color": COLOURS[place], "ls": STYLES[turn % len(STYLES)], "lw": 1.7, "zorder": 2}


def _set_axes(axes: Any) -> None:
    axes.set(xlabel="ticks after the context", xscale="log", ylim=(-0.02, 1.03))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:,.0f}"))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_xlim(left=1)
    axes.grid(alpha=0.25)
