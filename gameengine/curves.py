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
Points = tuple[Sequence[float], Sequence[float]]


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
