"""The pictures of what a hidden state holds and remembers: lines, small multiples, bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from gameengine.curves import COLOURS, GREY, STYLES
from gameengine.look.layers import Remembered
from gameengine.look.probes import ALL, Probed, Table
from gameengine.look.watch import Ticks

WHOLE = {"color": "#222222", "lw": 2.0, "alpha": 0.85}  # the line of everything held
LOWEST = -0.1  # R^2 that is drawn: a probe that says less than the mean has no more to tell
ACROSS = 4  # small pictures side by side


def plain_style() -> Any:
    return mpl.rc_context({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False})


def figure_of(width: float, height: float) -> Figure:
    """Sizes in inches."""
    return Figure(figsize=(width, height), dpi=120, layout="constrained")


def look_of(number: int) -> dict[str, Any]:
    """Colours first, then other kinds of line."""
    turn, place = divmod(number, len(COLOURS))
    return {"color": COLOURS[place], "ls": STYLES[turn % len(STYLES)], "lw": 1.6}


def draw_over_time(marks: Ticks, probed: Probed, exact: Table) -> Figure:
    """R^2 from everything, a line for each variable: one probe for all ticks, one for each."""
    with plain_style():
        height = max(4.2, 1.0 + 0.16 * len(probed.names))
        gap = 0.19 / (height - 0.9)  # R^2 that a line of text is high
        figure = figure_of(10.4, height)
        axes = figure.subplots(1, 2, sharey=True)
        for place, title, table in (
            (axes[0], "One probe for all ticks", probed.of_all[ALL]),
            (axes[1], "A probe for each tick", probed.of_each),
        ):
            place.fill_between(marks, 0, exact, color=GREY, alpha=0.18, lw=0)
            lines = dict(zip(probed.names, np.clip(table, LOWEST, 1), strict=True))
            for number, line in enumerate(lines.values()):
                place.plot(marks, line, **look_of(number))
            name_lines(place, marks, lines, gap)
            place.set_title(title, loc="left", fontsize=11)
            place.set(xlabel="ticks after the context", ylim=(LOWEST - 0.02, 1.04))
            place.set_xlim(0, marks[-1])
            place.grid(alpha=0.25)
        axes[0].set_ylabel("R²")
    return figure


def name_lines(axes: Any, across: Ticks, lines: Mapping[str, Table], gap: float) -> None:
    """Write each line's name at its end, none over another. gap: between them, in y."""
    ends = {}
    for number, (name, line) in enumerate(lines.items()):
        known = line[~np.isnan(line)]
        if len(known):
            ends[name] = (known[-1], look_of(number)["color"])
    order = sorted(ends, key=lambda name: ends[name][0])
    places = spread([ends[name][0] for name in order], gap, LOWEST)
    for name, place in zip(order, places, strict=True):
        axes.annotate(
            name,
            (across[-1], ends[name][0]),
            xytext=(1.03, place),
            textcoords=axes.get_yaxis_transform(),
            color=ends[name][1],
            fontsize=9,
            va="center",
            arrowprops={"arrowstyle": "-", "color": ends[name][1], "lw": 0.5, "alpha": 0.6},
        )


def spread(heights: Sequence[float], gap: float, lowest: float) -> list[float]:
    """Ascending heights moved apart to `gap` or more: down, and up again where that would lead
    below `lowest`."""
    places = list(heights)
    for index in range(len(places) - 2, -1, -1):
        places[index] = min(places[index], places[index + 1] - gap)
    for index, place in enumerate(places):
        places[index] = max(place, lowest + index * gap)
    return places


def draw_each_variable(
    marks: Ticks, probed: Probed, untrained: Probed, labels: Mapping[str, str]
) -> Figure:
    """A small picture for each variable: R^2 from each tensor, from everything, and from the
    untrained engine. labels: name of a tensor -> what it is called."""
    rows = -(-len(probed.names) // ACROSS)
    with plain_style():
        figure = figure_of(10.4, 0.6 + 1.75 * rows + 0.06 * len(probed.of_all))
        axes = figure.subplots(rows, ACROSS, sharex=True, sharey=True, squeeze=False)
        for index, place in enumerate(axes.flat):
            if index >= len(probed.names):
                place.axis("off")
                continue
            control = np.clip(untrained.of_all[ALL][index], LOWEST, 1)
            place.plot(marks, control, color=GREY, ls=(0, (4, 2)), lw=1.3, label="untrained")
            for number, (name, table) in enumerate(probed.of_all.items()):
                look = WHOLE if name == ALL else look_of(number)
                place.plot(marks, np.clip(table[index], LOWEST, 1), label=labels[name], **look)
            place.set_title(probed.names[index], loc="left", fontsize=10)
            place.tick_params(labelbottom=index + ACROSS >= len(probed.names))
            place.set(ylim=(LOWEST - 0.02, 1.04), xlim=(0, marks[-1]))
            place.grid(alpha=0.25)
        figure.supxlabel("ticks after the context", fontsize=10)
        figure.supylabel("R²", fontsize=10)
        handles, names = axes.flat[0].get_legend_handles_labels()
        across = max(1, 110 // (10 + max(len(name) for name in names)))  # letters in a line
        look: dict[str, Any] = {"ncols": across, "frameon": False, "fontsize": 9}
        figure.legend(handles, names, loc="outside upper center", **look)
    return figure


def draw_memory(found: Remembered, labels: Mapping[str, str]) -> Figure:
    """Left how far a changed action is felt in each layer, right how slow its units are."""
    names = [labels[name] for name in found.difference]
    with plain_style():
        figure = figure_of(10.4, max(3.4, 1.8 + 0.4 * len(names)))
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        lines = dict(zip(names, found.difference.values(), strict=True))
        lags = np.arange(len(next(iter(lines.values()))))
        for number, line in enumerate(lines.values()):
            left.plot(lags, line, **look_of(number))
        highest = max(1e-9, *(float(line.max()) for line in lines.values()))
        left.set(ylim=(0, 1.05 * highest), xlim=(0, lags[-1]))
        # Their ends lie near 0, where there is no room below: they are named in a legend.
        left.legend(left.get_lines(), names, frameon=False, fontsize=9)
        left.set(xlabel="ticks since the other action", ylabel="difference / spread of the state")
        left.set_title("What another action leaves in each layer", loc="left", fontsize=11)
        left.grid(alpha=0.25)
        for number, (low, middle, high) in enumerate(found.slowness.values()):
            colour = look_of(number)["color"]
            right.barh(number, middle, color=colour, height=0.6)
            right.plot([low, high], [number, number], color="#222222", lw=1.2)
        right.set_yticks(range(len(names)), names)
        right.invert_yaxis()
        right.set(xlabel="autocorrelation time of its units, ticks")
        right.set_title("How slow each layer is", loc="left", fontsize=11)
        right.grid(axis="x", alpha=0.25)
    return figure
