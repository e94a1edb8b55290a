"""The map of games as one page that opens offline."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_gen.atomic import write_text

WIDTH, HEIGHT = 1160, 760  # px, of the map
GAP = 6  # px, between two pictures
FILLED = 0.5  # of the map, at most
LARGEST = 96  # px, of a picture's side
NAMED = 64  # px, of a picture that has room for its name below
LETTERS = 22  # px, of the name
ROUNDS = 300  # in which pictures that cover each other are pushed apart

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #282a36; background: #f5f5f2; margin: 0 auto;
  max-width: 75rem; padding: 2rem 1.5rem 3rem; }
h1 { font-size: 1.7rem; margin-bottom: .2rem; } p { color: #62646e; margin-top: 0; }
.map { position: relative; background: #fff; border-radius: .5rem; margin-top: 1rem; }
.map div { position: absolute; image-rendering: pixelated; border: 3px solid #bbb;
  border-radius: 3px; box-sizing: content-box; transition: transform .12s; }
.map div:hover { transform: scale(3); z-index: 2; }
.named div::after { content: attr(title); position: absolute; top: 100%; left: 0;
  font-size: .8rem; white-space: nowrap; } .named div:hover { transform: scale(2); }
.told { min-height: 1.6em; color: #282a36; } .scale { display: inline-block; width: 9rem;
  height: .8rem; vertical-align: -.1rem; border-radius: .2rem; margin: 0 .5rem; }
"""

# From blue to orange, which colour-blind people tell apart.
SCRIPT = """
const places = PLACES, map = document.querySelector(".map");
const by = document.querySelector("select"), told = document.querySelector(".told");
const mix = share => `rgb(${[[0,114,178],[213,94,0]].reduce((a, b) =>
  a.map((x, i) => Math.round(x + (b[i] - x) * share)))})`;
for (const {name, told: text, x, y, film} of places) {
  const game = document.createElement("div");
  const long = film.frames * film.height;
  Object.assign(game.style, {left: x + "px", top: y + "px", width: film.width + "px",
    height: film.height + "px", backgroundImage: `url(${film.url})`,
    backgroundSize: `${film.width}px ${long}px`});
  game.title = name;
  game.onmouseenter = () => told.textContent = text;
  game.animate([{backgroundPositionY: "0"}, {backgroundPositionY: `-${long}px`}],
    {duration: 1000 * film.frames / film.fps, iterations: Infinity,
     easing: `steps(${film.frames})`});
  map.append(game);
}
function colour() {
  const values = places.map(place => place.numbers[by.value]);
  const low = Math.min(...values), high = Math.max(...values);
  [...map.children].forEach((game, number) =>
    game.style.borderColor = mix((values[number] - low) / (high - low || 1)));
  document.querySelector(".low").textContent = low;
  document.querySelector(".high").textContent = high;
}
document.querySelector(".scale").style.background = `linear-gradient(90deg,${mix(0)},${mix(1)})`;
by.onchange = colour;
colour();
"""


@dataclass(frozen=True)
class Film:
    """A moving picture. url: holds its frames, one below the other. width, height: of one, px."""

    url: str
    frames: int
    width: int
    height: int
    fps: int


@dataclass(frozen=True)
class Place:
    """A game on the map. numbers: of its description, by name."""

    name: str
    film: Film
    numbers: Mapping[str, float]


def write_page(
    path: Path,
    engine: Path,
    places: Sequence[Place],
    points: NDArray[np.float64],
    names: Sequence[str],
) -> None:
    """Write the map, whole or not at all. points (N, 2): where the games lie. names: of the numbers
    of a description; those that are the same in all games colour nothing."""
    sizes = np.array([(place.film.width, place.film.height) for place in places])
    named = min(sizes[:, 0]) >= NAMED
    below = np.array([0, LETTERS * named])
    corners = laid_out(points, sizes + below)
    varied = [name for name in names if len({place.numbers[name] for place in places}) > 1]
    listed = [
        {
            "name": place.name,
            "told": f"{place.name}: {_told(place, varied)}",
            "film": vars(place.film),
            "x": round(float(x)),
            "y": round(float(y)),
            "numbers": {name: place.numbers[name] for name in varied},
        }
        for place, (x, y) in zip(places, corners, strict=True)
    ]
    choices = "".join(f"<option>{html.escape(name)}</option>" for name in varied)
    script = SCRIPT.replace("PLACES", json.dumps(listed).replace("</", "<\\/"))
    write_text(
        path,
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width'>"
        f"<title>Map of games</title><style>{STYLE}</style></head><body>"
        f"<h1>The games of {html.escape(engine.name)}</h1>"
        "<p>Each picture is a dream of one game. Games are near each other whose embeddings are,"
        " seen along the two directions in which they differ most; pictures that would cover each"
        " other are pushed apart.</p>"
        f"<div{'' if varied else ' hidden'}><label>coloured by <select>{choices}</select></label>"
        " <span class='low'></span><span class='scale'></span><span class='high'></span></div>"
        f"<div class='map{' named' if named else ''}'"
        f" style='width:{WIDTH}px;height:{HEIGHT}px'></div>"
        f"<p class='told'></p><script>{script}</script></body></html>\n",
    )


def side_of(games: int) -> float:
    """The longer side of a picture, px, so that so many leave some room."""
    return min(LARGEST, (FILLED * WIDTH * HEIGHT / games) ** 0.5 - 2 * GAP)


def laid_out(points: NDArray[np.float64], sizes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Upper left corners (N, 2), in px, of pictures of sizes (N, 2) whose middles lie as points
    (N, 2) do, as far as they do not cover each other and there is room."""
    room = np.array([WIDTH, HEIGHT]) - sizes - 2 * GAP  # (N, 2)
    span = np.ptp(points, axis=0)
    shares = (points - points.min(0)) / np.where(span > 0, span, 1)
    corners = GAP + np.where(span > 0, shares, 0.5) * room
    # Twins would be pushed nowhere.
    corners += np.random.default_rng(0).uniform(-1, 1, corners.shape)
    apart = (sizes[:, None] + sizes) / 2 + GAP  # (N, N, 2)
    for _ in range(ROUNDS):
        middles = corners + sizes / 2
        away = middles[:, None] - middles  # (N, N, 2)
        covered = apart - np.abs(away)  # along each axis; both must be positive
        np.einsum("iij->ij", covered)[...] = 0
        hit: NDArray[np.bool_] = np.all(covered > 0, axis=2)
        if not hit.any():
            break
        # Along the axis on which less is to be done.
        axis = covered.argmin(2)[..., None] == np.arange(2)
        push = np.where(hit[..., None] & axis, np.sign(away) * covered / 2, 0)
        corners = np.clip(corners + 0.5 * push.sum(1), GAP, GAP + room)
    return corners


def _told(place: Place, names: Sequence[str]) -> str:
    return ", ".join(f"{name} {place.numbers[name]:g}" for name in names)
