"""Figures for a report: lines over training or over ticks, as png."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import matplotlib as mpl
from matplotlib.figure import Figure

from data_gen.atomic import whole_file

# Okabe and Ito's colours, which colour-blind people tell apart, without yellow, which is too light.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#222222")
STYLES = ("solid", (0, (5, 1.5)), (0, (1.2, 1.2)))
GREY = "#9a9a9a"  # of what the others are compared with
FLOOR = 0.1  # where 0 stands on a logarithmic axis
RANGE = 20  # an axis that spans more than this factor is logarithmic
Points = tuple[Sequence[float], Sequence[float]]


def draw_learning(path: Path, curves: Mapping[str, Points], metric: str, title: str = "") -> None:
    """Write a metric over minutes of training (name -> minutes, values) to a png. The axis of the
    metric is logarithmic where its values span a wide range."""
    values = [value for _, many in curves.values() for value in many]
    logarithmic = min(values) >= 0 and max(values) > RANGE * max(FLOOR, min(values))
    drawn = {
        name: (minutes, [max(FLOOR, value) if logarithmic else value for value in many])
        for name, (minutes, many) in curves.items()
    }
    scale = ("linear", "log" if logarithmic else "linear")
    draw_curves(path, drawn, ("minutes of training", metric), title, scale)


def draw_curves(
    path: Path,
    curves: Mapping[str, Points],
    labels: tuple[str, str],
    title: str = "",
    scale: tuple[Literal["linear", "log"], Literal["linear", "log"]] = ("linear", "linear"),
) -> None:
    """Write lines (name -> x values, y values) to a png. labels: of the two axes."""
    with mpl.rc_context({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(6.4, 3.4), dpi=110, layout="constrained")
        axes = figure.subplots()
        for number, (name, (across, up)) in enumerate(curves.items()):
            marker = "o" if len(across) < 25 else None
            axes.plot(
                across,
                up,
                label=name,
                color=COLOURS[number % len(COLOURS)],
                marker=marker,
                markersize=3.5,
            )
        axes.set(xlabel=labels[0], ylabel=labels[1], xscale=scale[0], yscale=scale[1])
        if title:
            axes.set_title(title, loc="left", fontsize=11)
        axes.grid(alpha=0.25)
        if len(curves) > 1:
            axes.legend(frameon=False)
        with whole_file(path) as temporary:
            figure.savefig(temporary, format="png")
