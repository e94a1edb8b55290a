"""What `python -m gameengine.infer ENGINE --cover COLOUR` does."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from data_gen.command_line import read_weights
from data_gen.errors import UserError
from data_gen.game import Frames, GameSpec
from data_gen.pictures import write_gif, write_png
from gameengine.engine import Context, Engine
from gameengine.frames import snap
from gameengine.infer.cover_pictures import Sight, film, picture
from gameengine.infer.covered import Covered, Masks, uncover, watch_colour
from gameengine.infer.true_cover import held_out_window, possible, score_of
from gameengine.learned_game import LearnedGame


def infer_covered(asked: argparse.Namespace, engine: Engine) -> int:
    """Find what is covered in frames of a held-out game; the exit code is 0 if the true game shows
    the same frames with it. Raises UserError for what cannot be asked."""
    learned = LearnedGame(engine)
    colour = _colour(learned.spec, asked.cover)
    until = asked.frames if asked.until is None else asked.until
    _check(learned.spec, asked.frames, until)
    starts = read_weights(asked.starts) or {"init": 1.0}
    try:
        seen, truth = held_out_window(
            learned.truth, asked.seed, asked.frames, colour, until, starts
        )
    except ValueError as error:
        raise UserError(str(error)) from error
    if not (truth.frames[:until] == colour).any():
        raise UserError(
            f"no {asked.cover} is in the first {until} frames, so that nothing is covered; give"
            " another --seed, or other --starts"
        )
    between = seen.actions[: learned.spec.context - 1]
    guesses = watch_colour(learned, colour).guesses(between)
    silent = asked.json or not sys.stderr.isatty()
    with tqdm(total=len(guesses.masks), unit="guess", leave=False, disable=silent) as bar:
        try:
            held, wrong = uncover(learned.engine, seen, guesses, bar.update)
        except ValueError as error:
            raise UserError(str(error)) from error
    found = held.best()
    there = truth.frames[: learned.spec.context, 0] == colour
    allowed = possible(learned.truth, seen, truth.first)
    same = bool((found == there).all())
    consistent = same if allowed is None else bool((allowed == found).all((1, 2, 3)).any())
    result: dict[str, Any] = {
        "engine": str(asked.engine),
        "cover": asked.cover,
        "frames": asked.frames,
        "until": until,
        "seed": asked.seed,
        "guesses": len(guesses.masks),
        "explain": len(held.masks),
        "wrong": wrong,
        "found": told_of(learned.spec, colour, found),
        "there": told_of(learned.spec, colour, there),
        "off": int((found != there).sum()),
        "truly_possible": None if allowed is None else len(allowed),
        "consistent": consistent,  # the true game shows the same frames with it
        "exact": same,  # it is what was there
        "out": str(asked.out),
    }
    sight = Sight(learned.spec, seen.frames, dreamt(engine, seen, found), truth.frames)
    line = f"{asked.cover} found: {result['found']}; there: {result['there']}"
    write_png(asked.out / "cover.png", picture(sight, line))
    write_gif(asked.out / "cover.gif", film(sight, line), fps=4)
    print(json.dumps(result) if asked.json else _in_words(result))
    return 0 if consistent else 1


@torch.inference_mode()
def dreamt(engine: Engine, seen: Covered, found: Masks) -> Frames:
    """What an engine dreams (T, 1, H, W) with what was found (C, H, W) in the first frames."""
    context = engine.spec.context
    first = np.where(found, np.uint8(seen.colour), seen.frames[:context, 0])[:, None]
    actions = torch.from_numpy(seen.actions.astype(np.int64))[None]
    shown = Context(torch.from_numpy(first)[None], actions[:, : context - 1])
    hidden = engine.encode(shown, torch.from_numpy(seen.description)[None])
    prediction, _ = engine.unroll(hidden, actions[:, context - 1 :])
    return np.concatenate([first, snap(prediction.logits)[0].numpy()])


def told_of(spec: GameSpec, colour: int, masks: Masks) -> str:
    """Where a colour is in the frames of a context (C, H, W), in words."""
    if spec.name == "pong" and spec.colours[colour] == "score":
        left, right = score_of(masks[-1])
        return f"{left} : {right}"
    places = [np.argwhere(mask) for mask in masks]
    if not all(map(len, places)):
        return f"{sum(map(len, places))} pixels"
    corners = [place.min(0).tolist() for place in places]
    row, column = corners[-1]
    place = f"row {row}, column {column}"
    if len(corners) == 1:
        return place
    down, across = row - corners[-2][0], column - corners[-2][1]
    down_or_up, right_or_left = "down" if down >= 0 else "up", "right" if across >= 0 else "left"
    return f"moved {abs(down)} {down_or_up} and {abs(across)} {right_or_left}, to {place}"


def _colour(spec: GameSpec, name: str) -> int:
    names = list(filter(None, spec.colours[1:]))
    if name not in names:
        allowed = ", ".join(names)
        raise UserError(f"{spec.name} shows no {name!r} that can be covered; choose from {allowed}")
    return spec.colours.index(name)


def _check(spec: GameSpec, frames: int, until: int) -> None:
    if frames <= spec.context:
        raise UserError(
            f"--frames must be more than {spec.context}, which the engine is shown, not {frames}"
        )
    if not spec.context <= until <= frames:
        raise UserError(f"--until must be from {spec.context} to --frames {frames}, not {until}")


def _in_words(result: dict[str, Any]) -> str:
    until, frames, name = result["until"], result["frames"], result["cover"]
    where = "all of them" if until == frames else f"the first {until}"
    tried = f"{result['guesses']:,} that were seen most often in other games"
    explain = f"{result['explain']} of {tried} explain the frames"
    if result["wrong"]:
        explain = (
            f"none of {tried} explains the frames, the nearest has {result['wrong']} pixels wrong"
        )
    there, others = result["there"], (result["truly_possible"] or 0) - 1
    if result["truly_possible"] is None:
        verdict = "exact: that is what was there"
        if not result["exact"]:
            verdict = f"not what was there: {there}, {result['off']} pixels are off"
    elif result["consistent"] and not others:
        verdict = "exact: with that, the true game shows the same frames, and with nothing else"
    elif result["consistent"]:
        verdict = (
            f"possible: with that, the true game shows the same frames, and with {others:,} more;"
            f" there was {there}"
        )
    else:
        verdict = f"not exact: with that, the true game shows other frames; there was {there}"
    advice = "" if result["consistent"] else "\ntry: more --frames, or other --starts"
    out = result["out"]
    return (
        f"{frames} frames of held-out game {result['seed']}, {name} covered in {where}\n"
        f"found: {result['found']} ({explain})\n"
        f"{verdict}\n"
        f"look: {out}/cover.png and cover.gif{advice}"
    )
