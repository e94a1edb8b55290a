"""What an engine got wrong, as pictures and in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from data_gen.game import Frames, GameSpec
from data_gen.kernel_game import KernelGame, RowState
from data_gen.pictures import (
    ALARM,
    INK,
    Picture,
    caption,
    difference,
    enlarge,
    fitting_factor,
    stack,
    to_rgb,
    write_png,
)
from data_gen.reachable import joint_actions
from gameengine.certify.transitions import Mistake, Tally

EACH = 2  # pictures of each event


def picture(seen: Frames, event: str, spec: GameSpec) -> Picture:
    """seen (T0 + 2, 1, H, W): context, truth and dream. Beside each other, with the difference."""
    truth, dream = seen[-2], seen[-1]
    factor = fitting_factor(spec, 128)
    columns = [
        ("now" if number == len(seen) - 3 else "before", to_rgb(frame, spec), INK)
        for number, frame in enumerate(seen[:-2])
    ]
    columns += [
        (f"truth: {event}", to_rgb(truth, spec), INK),
        ("dream", to_rgb(dream, spec), ALARM),
        ("difference", difference(truth, dream, spec), INK),
    ]
    panels = []
    for text, shown, colour in columns:
        panel = enlarge(shown, factor)
        panels.append(stack([caption(panel.shape[1], text, colour), panel], axis=0, gap=0))
    return stack(panels, axis=1, gap=8)


def draw_new(folder: Path, spec: GameSpec, before: Tally, new: Tally) -> None:
    """Draw those of the new mistakes that are the first EACH of their event."""
    if not new.mistakes:
        return
    known = len(before.pictured(EACH))
    for mistake in (before + new).pictured(EACH)[known:]:
        if mistake.seen is not None:
            name = picture_name(mistake, (before + new), spec)
            write_png(folder / name, picture(mistake.seen, spec.events[mistake.event], spec))


def picture_name(mistake: Mistake, tally: Tally, spec: GameSpec) -> str:
    """The file of one of the pictured mistakes: "wrong-paddle-1.png" is the first of paddles."""
    same = [one for one in tally.pictured(EACH) if one.event == mistake.event]
    return f"wrong-{spec.events[mistake.event]}-{same.index(mistake) + 1}.png"


def forget_pictures(folder: Path) -> None:
    """Delete those of another certificate."""
    for path in folder.glob("wrong-*.png"):
        path.unlink()


def describe(mistake: Mistake, state: RowState, game: KernelGame) -> dict[str, Any]:
    """Where it happened, in plain values. state: the one (B = 1) that the context ends with."""
    spec = game.spec
    chosen = joint_actions(spec)[mistake.action]
    row = state.values[0, : len(game.columns)].tolist()
    return {
        "event": spec.events[mistake.event],
        "state": dict(zip(game.columns, row, strict=True)),
        "actions": [spec.actions[action] for action in chosen],
        "origin": [mistake.before, mistake.move, mistake.action],
    }
