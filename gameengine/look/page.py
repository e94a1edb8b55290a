"""The page: pictures and words in one file that opens offline."""

from __future__ import annotations

import base64
import html
import io

import numpy as np
from matplotlib.figure import Figure

from gameengine.engine import Engine
from gameengine.look.drawings import draw_each_variable, draw_memory, draw_over_time
from gameengine.look.findings import LATER, Findings, few
from gameengine.look.influence import CONSTANT
from gameengine.look.maps import draw_actions, draw_hidden, draw_inputs, draw_patches
from gameengine.look.probes import ALL, FEW
from gameengine.report import STYLE

TABLES = """
table { border-collapse: collapse; background: #fff; border-radius: .5rem; font-size: .9rem; }
th, td { padding: .25rem .8rem; text-align: right; } th:first-child, td:first-child
{ text-align: left; } th { color: #62646e; font-weight: 500; }
tr + tr { border-top: 1px solid #eee; }
.wide { overflow-x: auto; } img { image-rendering: auto; background: #fff; }
"""


def page(title: str, lead: str, engine: Engine, found: Findings) -> str:
    """The whole html file."""
    parts = [
        f"<h1>{html.escape(title)}</h1><p class='lead'>{html.escape(lead)}</p>",
        *_probes(found),
        *_influence(engine, found),
        *_memory(found),
    ]
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width'>"
        f"<title>{html.escape(title)}</title><style>{STYLE}{TABLES}</style></head><body>"
        + "".join(parts)
        + "</body></html>\n"
    )


def _probes(found: Findings) -> list[str]:
    told = (
        "The engine dreams freely beside the true game, with the same actions. A probe, a ridge"
        " regression, reads each true variable off the hidden state (frames: the pixels of each"
        " colour in each row and column, and principal components of all; slots: one-hot; more"
        " numbers than a few hundred: principal components). It is fitted to one half of"
        " the rollouts and judged by the other: R² is 1 if it always says the true value, 0 if it"
        " knows no more than the mean. A tick at which a variable hardly varies is left out."
        " The grey area is the share of exact frames: where the dream has gone wrong, it holds"
        " another game's state."
    )
    each = (
        "Each variable, by tensor of the hidden state, one probe for all ticks. The dashed grey"
        " line is the control: the same probe on an engine of the same class and options that has"
        " learned nothing, but saw the same context and actions."
    )
    pictures = (
        (draw_over_time(found.marks, found.probed, found.exact), "R² over time, everything held."),
        (draw_each_variable(found.marks, found.probed, found.untrained, found.labels), each),
    )
    return [
        "<h2>What the hidden state holds</h2>",
        f"<p>{told}</p>",
        *(_picture(figure, text) for figure, text in pictures),
        _table(found),
    ]


def _table(found: Findings) -> str:
    marks, probed = few(found.marks), found.probed
    heads = ["R² at tick", *(str(int(found.marks[at])) for at in marks)]
    heads += ["fitted to the last", "untrained", "told apart", "most frequent"]
    rows = [
        [name]
        + [_number(probed.of_all[ALL][index, at]) for at in marks]
        + [_number(probed.of_each[index, -1]), _number(found.untrained.of_all[ALL][index, -1])]
        + [_share(probed.right[index, -1]), _share(probed.usual[index])]
        for index, name in enumerate(probed.names)
    ]
    head = "".join(f"<th>{html.escape(text)}</th>" for text in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    told = (
        "One probe for all ticks; the last four columns are at the last tick: a probe fitted to"
        f" that tick alone; the control; for variables of at most {FEW} values the share that a"
        " linear classifier tells, and the share of the most frequent value."
    )
    return (
        f"<div class='wide'><table><tr>{head}</tr>{body}</table></div><p><small>{told}</small></p>"
    )


PAINTED = (
    "A patch of a context frame is painted in another colour, each in turn: how far the next frame"
    " moves, in pixels (half the change of the colours' probabilities: a pixel that certainly"
    " changes counts 1), and how much of this is more than two patches away, the opposite edge"
    " included. Two scenes, then the mean."
)
EXCHANGED = (
    "Each tensor of the hidden state is exchanged for another scene's, and the dream goes on with"
    " the same actions: how many pixels differ later."
)
SLOPES = (
    " Right, the mean absolute gradient of the log-probability of the shown colours, summed over"
    " the pixels, times the spread of the unit; the largest is 1."
)


def _influence(engine: Engine, found: Findings) -> list[str]:
    how = (
        "One thing is changed and the pixels that change with it are counted; frames and actions"
        " are whole numbers and have no gradient, so every input is asked in this way, from"
        f" {len(found.scene.frames)} true contexts in the middle of games."
    )
    how += (
        " For the hidden state the gradient is given as well."
        if found.slopes
        else " The picture does not depend smoothly on this hidden state: there are no gradients."
    )
    if found.actions is None:
        acted = "<p>The game has one action only, so no other one can be tried.</p>"
    else:
        told = "One player does something else for one tick: the share of cases in which a pixel"
        acted = _picture(draw_actions(engine.spec, found.actions, LATER), f"{told} differs.")
    drawn = draw_hidden(found.swapped, found.slopes, found.labels)
    return [
        "<h2>What moves the picture</h2>",
        f"<p>{how}</p>",
        _picture(draw_patches(engine.spec, found.scene, *found.patches), PAINTED),
        acted,
        _inputs(found.inputs),
        _picture(drawn, EXCHANGED + (SLOPES if found.slopes else "")),
    ]


def _inputs(inputs: dict[str, float]) -> str:
    shown = {name: value for name, value in inputs.items() if value or not name.endswith(CONSTANT)}
    told = (
        "Every input, changed as a whole: other actions, another scene's frame, an entry of the"
        " description raised by 1. An entry that is constant in this game was never seen at"
        " another value."
    )
    if len(shown) < len(inputs):
        told += f" {len(inputs) - len(shown)} of those move nothing and are left out."
    return _picture(draw_inputs(shown), told)


def _memory(found: Findings) -> list[str]:
    head = "<h2>What the layers remember, and for how long</h2>"
    kept = found.remembered
    if kept is None:
        return [
            head,
            "<p>This engine has no recurrent state: what it knows is in the frames, or in the"
            " slots, of the last ticks.</p>",
        ]
    ticks = ", ".join(
        f"{found.labels[name]}: {'none' if mean is None else f'{mean:.1f}'}"
        for name, mean in kept.memory.items()
    )
    told = (
        "One action is changed, all later ones stay, and the difference in the state that each"
        " layer makes at each tick is followed, in parts of the spread of that state. Right, the"
        " ticks until a unit's autocorrelation falls below 1/e: the median of the units, with 10th"
        f" and 90th percentile. Mean ticks since the action, weighted by the difference: {ticks}."
    )
    return [head, _picture(draw_memory(kept, found.labels), told)]


def _picture(figure: Figure, text: str) -> str:
    content = io.BytesIO()
    figure.savefig(content, format="png", bbox_inches="tight", pad_inches=0.12)
    encoded = base64.b64encode(content.getvalue()).decode()
    told = html.escape(text)
    return (
        f"<figure><img alt='{told}' src='data:image/png;base64,{encoded}'>"
        f"<figcaption>{told}</figcaption></figure>"
    )


def _number(value: float) -> str:
    return "–" if np.isnan(value) else f"{round(value, 2) + 0.0:.2f}"  # no -0.00


def _share(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.0%}"
