"""The pictures of what moves the frame: maps over pixels, bars of inputs, a table of tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from data_gen.game import GameSpec
from gameengine.look.drawings import COLOURS, figure_of, plain_style
from gameengine.look.influence import LAGS, Scene

MAP = "cividis"  # the same for all eyes
EXAMPLES = 2  # scenes that are shown one by one


def draw_patches(spec: GameSpec, scene: Scene, anywhere: Tensor, far: Tensor) -> Figure:
    """A row for each context frame: two scenes and their maps, then the means over all scenes."""
    context, examples = scene.frames.shape[1], min(EXAMPLES, len(anywhere))
    _, height, width = spec.shape
    with plain_style():
        figure = figure_of(10.4, 0.5 + context * min(2.4, 1.4 * height / width))
        axes = figure.subplots(context, 2 * examples + 2, squeeze=False)
        for index, row in enumerate(axes):
            ago = context - 1 - index
            name = "now" if not ago else f"{ago} ago"
            for number in range(examples):
                frame = scene.frames[number, index, 0].numpy()
                _frame(row[2 * number], spec, frame, f"scene {number + 1}, {name}")
                _map(figure, row[2 * number + 1], anywhere[number, index], "moved px")
            _map(figure, row[-2], anywhere[:, index].mean(0), f"mean of {len(anywhere)}")
            _map(figure, row[-1], far[:, index].mean(0), "of these far away")
    return figure


def draw_actions(spec: GameSpec, found: Tensor, lags: tuple[int, ...]) -> Figure:
    """A map for each player and lag: found (P, lags, H, W)."""
    players, count = found.shape[:2]
    _, height, width = spec.shape
    total = players * count
    across = min(total, 4)
    rows = -(-total // across)
    with plain_style():
        figure = figure_of(2.6 * across, 0.4 + rows * 2.05 * height / width)
        axes = figure.subplots(rows, across, squeeze=False)
        for number, place in enumerate(axes.flat):
            if number >= total:
                place.axis("off")
                continue
            player, lag = divmod(number, count)
            title = f"{spec.players[player]}, {lags[lag]} tick{'s' * (lags[lag] > 1)} later"
            _map(figure, place, found[player, lag], title)
    return figure


def draw_inputs(found: Mapping[str, float]) -> Figure:
    """Bars: changed pixels of the next frame by input."""
    with plain_style():
        figure = figure_of(8.4, 0.8 + 0.3 * len(found))
        axes = figure.subplots()
        names, values = list(found), list(found.values())
        axes.barh(names, values, color=COLOURS[0], height=0.65)
        for place, value in enumerate(values):
            axes.annotate(
                f"{value:.1f}",
                (value, place),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=9,
            )
        axes.invert_yaxis()
        axes.set_xlim(0, max(1.0, 1.1 * max(values)))
        axes.set_xlabel("pixels of the next frame that change")
    return figure


def draw_hidden(
    swapped: Mapping[str, Tensor], slopes: Mapping[str, Tensor], labels: Mapping[str, str]
) -> Figure:
    """Tables of tensors by lag: changed pixels after an exchange, and gradients if there are."""
    tables: list[tuple[str, Mapping[str, Tensor], str]] = [
        ("Exchanged: changed pixels", swapped, "{:.1f}")
    ]
    if slopes:
        most = max(float(row.max()) for row in slopes.values())
        shares = {name: row / max(most, 1e-30) for name, row in slopes.items()}
        tables.append((f"Gradient × spread, in parts of {most:.2g}", shares, "{:.2f}"))
    with plain_style():
        rows = max(len(table) for _, table, _ in tables)
        figure = figure_of(5.2 * len(tables), 1.0 + 0.36 * rows)
        for axes, (title, table, form) in zip(
            figure.subplots(1, len(tables), squeeze=False)[0], tables, strict=True
        ):
            values = np.stack([row.numpy() for row in table.values()])
            axes.imshow(values, cmap="Blues", vmin=0, vmax=max(1e-9, values.max()), aspect="auto")
            for (row, column), value in np.ndenumerate(values):
                dark = value > 0.6 * values.max()
                axes.text(
                    column,
                    row,
                    form.format(value),
                    ha="center",
                    va="center",
                    fontsize=9,
                    color="white" if dark else "#222222",
                )
            axes.set_yticks(range(len(table)), [labels[name] for name in table])
            axes.set_xticks(range(len(LAGS)), [str(lag) for lag in LAGS])
            axes.set_xlabel("ticks later")
            axes.set_title(title, loc="left", fontsize=10)
            axes.spines[:].set_visible(False)
            axes.tick_params(length=0)
    return figure


def _frame(axes: Any, spec: GameSpec, frame: NDArray[np.uint8], title: str) -> None:
    axes.imshow(np.array(spec.palette, np.uint8)[frame], interpolation="nearest")
    _bare(axes, title)


def _map(figure: Figure, axes: Any, values: Tensor, title: str) -> None:
    shown = axes.imshow(values.numpy(), cmap=MAP, vmin=0, interpolation="nearest")
    if not bool(values.any()):
        shown.set_clim(0, 1)
    bar = figure.colorbar(shown, ax=axes, fraction=0.046, pad=0.03)
    bar.ax.locator_params(nbins=4)
    bar.ax.tick_params(labelsize=8, length=2)
    bar.outline.set_visible(False)
    _bare(axes, title)


def _bare(axes: Any, title: str) -> None:
    axes.set_title(title, loc="left", fontsize=9)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
