"""The leaderboard's pictures: how long each engine's dream stays true, over logarithmic time, and
how ways of training the same engine compare while it learns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter

from data_gen.atomic import whole_file
from gameengine.curves import COLOURS, FLOOR, GREY, STYLES, Points, draw_learning
from gameengine.leaderboard.cells import BASELINE
from gameengine.leaderboard.games import Block
from gameengine.leaderboard.rows import Row, longest

LESSON_POINTS = 200  # of a line over the training


def draw_block(path: Path, block: Block, rows: Sequence[Row], engines: Sequence[str]) -> None:
    """Write a block's picture: the share of rollouts that are still right, the share of exact
    frames, and how many pixels of a frame are wrong. One line for each engine, at its longest
    budget, named in the order of the rows.

    engines: those of all blocks, so that an engine looks the same in every picture.
    """
    shown = longest(rows)
    budgets = {row.budget for row in shown if row.engine != BASELINE}
    looks = {name: _look(number) for number, name in enumerate(sorted(engines))}
    looks[BASELINE] = {"color": GREY, "ls": "solid", "lw": 2.8, "zorder": 1}
    with mpl.rc_context({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(13.6, 3.9), dpi=120, layout="constrained")
        panels = figure.subplots(1, 3)
        for axes, (kind, title) in zip(
            panels,
            (
                (block.ranked, f"Rollouts still {block.ranked}"),
                ("frames", "Frames exact at that tick"),
                ("wrong_pixels", "Wrong pixels at that tick"),
            ),
            strict=True,
        ):
            for row in shown:
                name = row.engine if len(budgets) < 2 else f"{row.engine}, {row.budget}"
                ticks, values = row.curve(kind)
                if kind == "wrong_pixels":
                    values = [max(FLOOR, value) for value in values]
                axes.plot(ticks, values, label=name, **looks[row.engine])
            axes.set_title(title, loc="left", fontsize=11)
            _set_axes(axes, shares=kind != "wrong_pixels")
        handles, names = panels[0].get_legend_handles_labels()
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


def draw_lessons(folder: Path, block: Block, rows: Sequence[Row]) -> list[Path]:
    """Write a picture for each class of engine whose trainings were compared on the way: wrong
    pixels in held-out windows over minutes of training, the mean over the seeds. Returns them."""
    compared = [
        row for row in longest(rows) if any(result.get("learning") for result in row.results)
    ]
    drawn: list[Path] = []
    for kind in sorted({row.kind for row in compared}):
        same = sorted((row for row in compared if row.kind == kind), key=lambda row: row.engine)
        budgets = {row.budget for row in same}
        curves = {
            row.engine if len(budgets) == 1 else f"{row.engine}, {row.budget}": _lesson(row)
            for row in same
        }
        ticks = same[0].results[0]["settings"]["data"]["compared_ticks"]
        path = folder / f"{block.name}_{kind}.png"
        title = ", ".join([block.name, kind, *(budgets if len(budgets) == 1 else [])])
        draw_learning(path, curves, f"wrong pixels, windows of {ticks} ticks", title)
        drawn.append(path)
    return drawn


def _lesson(row: Row) -> Points:
    """Minutes and wrong pixels, the mean over the seeds while all of them were measured."""
    learned = [result["learning"] for result in row.results if result.get("learning")]
    begin = max(one["minutes"][0] for one in learned)
    end = max(begin, min(one["minutes"][-1] for one in learned))
    minutes = np.linspace(begin, end, LESSON_POINTS)
    values = [np.interp(minutes, one["minutes"], one["wrong_pixels"]) for one in learned]
    return minutes.tolist(), np.mean(values, 0).tolist()


def _look(number: int) -> dict[str, Any]:
    """Colours first, then other kinds of line."""
    turn, place = divmod(number, len(COLOURS))
    return {"color": COLOURS[place], "ls": STYLES[turn % len(STYLES)], "lw": 1.7, "zorder": 2}


def _set_axes(axes: Any, shares: bool) -> None:
    axes.set(xlabel="ticks after the context", xscale="log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:,.0f}"))
    if shares:
        axes.set_ylim(-0.02, 1.03)
        axes.yaxis.set_major_formatter(PercentFormatter(1))
    else:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda wrong, _: f"{wrong:,g}"))
    axes.set_xlim(left=1)
    axes.grid(alpha=0.25)
