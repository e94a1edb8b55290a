"""From a game and an engine to a verdict: list the states, plan, ask, tell."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from data_gen.atomic import write_text
from data_gen.contexts import contexts_of
from data_gen.errors import UserError
from data_gen.game import AnyGame
from data_gen.reachable import Reachable, reachable
from gameengine.certify.certificate import (
    PARTS,
    SAMPLE,
    Certificate,
    Notes,
    Plan,
    Progress,
    Wanted,
    upper_bound,
)
from gameengine.certify.mistakes import EACH, describe, draw_new, forget_pictures, picture_name
from gameengine.certify.part_verdict import ask_parts, has_parts
from gameengine.certify.transitions import Mistake, Tally
from gameengine.certify.waiting import Bars
from gameengine.certify.world import UnfitError
from gameengine.engine import Engine
from gameengine.engines.slots import SlotsEngine


def certify(
    truth: AnyGame,
    engine: Engine,
    wanted: Wanted,
    folder: Path,
    about: dict[str, Any] | None = None,
    quiet: bool = False,
) -> dict[str, Any]:
    """The verdict on an engine that learned `truth`, as plain values. Mistakes are listed and drawn
    in `folder`, where the progress is kept, too: it is gone on from if `about`, which tells these
    weights from others, and all else is the same.

    Raises UserError for games and engines of which not everything can be asked.
    """
    if not engine.memoryless:
        raise UserError(
            f"{type(engine).__name__} with these options remembers more than the last"
            f" {truth.spec.context} frames show, so that it cannot be asked for every hidden state;"
            " 'python -m gameengine.evaluate' measures it"
        )
    bars = Bars(quiet)
    states = _states(truth, wanted, bars)
    notes = Notes(folder, {**(about or {}), "spec": truth.spec.to_dict(), "wanted": asdict(wanted)})
    start = notes.read()
    if start is None:
        forget_pictures(folder)
    verdict = None
    if start is None or start.plan.method == PARTS:
        verdict = _by_parts(engine, states, wanted, notes, bars)
    if verdict is None:
        verdict = _as_a_whole(engine, states, wanted, notes, bars)
    notes.end()
    return verdict


def _by_parts(
    engine: Engine, states: Reachable, wanted: Wanted, notes: Notes, bars: Bars
) -> dict[str, Any] | None:
    """The verdict, or None if the engine has no parts that can be asked."""
    if not (isinstance(engine, SlotsEngine) and has_parts(engine, wanted, states)):
        return None
    try:
        end, world, more = ask_parts(engine, states, wanted, notes, bars)
    except UnfitError as error:
        bars.say(f"this game cannot be gone through by the engine's parts: {error}")
        notes.end()
        return None
    return _told(end, world.states, notes.folder) | more


def _as_a_whole(
    engine: Engine, states: Reachable, wanted: Wanted, notes: Notes, bars: Bars
) -> dict[str, Any]:
    certificate, spec = Certificate(engine, states, wanted), states.game.spec
    start = notes.read()
    if start is None:
        start = Progress(_plan(certificate, states, wanted, bars), 0, Tally.empty(spec))
    else:
        bars.say(f"going on from {notes.folder}, where {start.tally.asked.sum():,} are done")
    with bars.bar("transitions", start.plan.transitions, int(start.tally.asked.sum())) as bar:

        def found(before: Tally, new: Tally) -> None:
            draw_new(notes.folder, spec, before, new)
            bar.set_postfix(wrong=int((before.wrong + new.wrong).sum()), refresh=False)
            bar.update(int(new.asked.sum()))

        end = certificate.run(start, notes, found)
    return _told(end, states, notes.folder)


def _states(truth: AnyGame, wanted: Wanted, bars: Bars) -> Reachable:
    if truth.spec.context > 2:
        raise UserError(
            f"contexts of {truth.spec.context} frames cannot be listed, only 1 or 2;"
            " python -m gameengine.evaluate measures how long it stays exact"
        )
    with bars.bar("states", None) as bar:

        def progress(followed: int, known: int) -> None:
            bar.set_postfix(known=f"{known:,}", refresh=False)
            bar.update(followed - bar.n)

        partly = wanted.sample is not None
        states = reachable(truth, wanted.states, partly, progress)
    bars.say(f"{len(states):,} states, from {states.beginnings:,} beginnings")
    return states


def _plan(certificate: Certificate, states: Reachable, wanted: Wanted, bars: Bars) -> Plan:
    with bars.bar("contexts", 2 * len(states)) as bar:
        plan, seconds = certificate.plan(bar.update)
    if plan.method == SAMPLE and wanted.sample is None:
        all_of_them = _time(certificate.least * seconds / plan.transitions)
        bars.say(
            f"there are {certificate.least:,} transitions or more; to ask for all takes"
            f" {all_of_them}, which --most can allow"
        )
    bars.say(f"asking for {plan.transitions:,} transitions ({plan.method}): {_time(seconds)}")
    return plan


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"about {seconds:,.0f} seconds"
    return f"about {seconds / 60:,.0f} minutes"


def _told(end: Progress, states: Reachable, folder: Path) -> dict[str, Any]:
    spec, tally = states.game.spec, end.tally
    asked, wrong = int(tally.asked.sum()), int(tally.wrong.sum())
    listed = [_described(one, states) for one in tally.mistakes]
    write_text(folder / "wrong.json", json.dumps(listed, indent=1))
    told: dict[str, Any] = {
        "method": end.plan.method,
        "states": len(states),
        "beginnings": states.beginnings,
        "seeds": states.seeds,
        "complete": states.complete,
        "contexts": end.plan.contexts or None,
        "transitions": asked,
        "wrong": wrong,
        "certified": end.plan.method != SAMPLE and states.complete and not wrong,
        "wrong_rewards": tally.wrong_rewards,
        "margin": tally.margin if wrong < asked else None,
        "by_event": {
            event: {"transitions": int(tally.asked[number]), "wrong": int(tally.wrong[number])}
            for number, event in enumerate(spec.events)
        },
        "by_colour": dict(zip(spec.colours, tally.colours.tolist(), strict=True)),
        "first_wrong": [_described(one, states) for one in tally.pictured(EACH)],
        "pictures": [str(folder / picture_name(one, tally, spec)) for one in tally.pictured(EACH)],
        "seconds": round(end.seconds, 1),
    }
    if end.plan.method == SAMPLE:
        told["upper_bound"] = upper_bound(wrong, asked)
    return told


def _described(mistake: Mistake, states: Reachable) -> dict[str, Any]:
    context = contexts_of(states, np.array([mistake.before]), np.array([mistake.move]))
    return describe(mistake, context.state, states.game)
