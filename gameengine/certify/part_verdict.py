"""The verdict on an engine of parts: see to it that the parts can be asked, ask, tell."""

from __future__ import annotations

from typing import Any

from data_gen.reachable import Reachable
from gameengine.certify.certificate import PARTS, Notes, Plan, Progress, Wanted
from gameengine.certify.mistakes import draw_new
from gameengine.certify.part_certificate import PartCertificate
from gameengine.certify.part_estimate import estimate
from gameengine.certify.parts import Part, Questions, parts_of
from gameengine.certify.transitions import Tally
from gameengine.certify.waiting import Bars
from gameengine.certify.world import UnfitError, World, world_of
from gameengine.engine import Engine
from gameengine.engines.slots import SlotsEngine


def has_parts(engine: Engine, wanted: Wanted, states: Reachable) -> bool:
    """Whether to ask the parts of an engine: it has some, and no sample is wanted."""
    if wanted.sample is not None or not isinstance(engine, SlotsEngine):
        return False
    moves = engine.spec.choices**engine.spec.taken
    least = (len(states) - states.beginnings) * moves
    return engine.memoryless and (wanted.most is None or least <= wanted.most)


def ask_parts(
    engine: SlotsEngine, states: Reachable, wanted: Wanted, notes: Notes, bars: Bars
) -> tuple[Progress, World, dict[str, Any]]:
    """How it ended, the world in which states have their numbers, and what else is to be told.
    Raises UnfitError if the parts cannot be asked."""
    parts = _askable(engine, states, wanted, bars)
    with bars.bar("what they show and where they lead", 2 * len(states)) as bar:
        world = world_of(states, engine.sprites, bar.update)
    certificate = PartCertificate(engine, world, Questions(parts, world), wanted.questions)
    start = notes.read()
    if start is None:
        nothing = ((0, 0, 0),) * len(parts)
        start = Progress(Plan(PARTS, 0), 0, Tally.empty(states.game.spec), parts=nothing)
    else:
        bars.say(f"going on after {start.tally.asked.sum():,} transitions")
    with bars.bar("states", len(states), certificate.states(start)) as bar:

        def found(count: int, before: Tally, new: Tally) -> None:
            draw_new(notes.folder, engine.spec, before, new)
            bar.set_postfix(wrong=int((before.wrong + new.wrong).sum()), refresh=False)
            bar.update(count)

        end = certificate.run(start, notes, found)
    return end, world, _told(end, parts, world)


def _askable(engine: SlotsEngine, states: Reachable, wanted: Wanted, bars: Bars) -> list[Part]:
    """The parts, without rewards and ends if those would take too many questions."""
    parts = parts_of(engine)
    counts = estimate(parts, states, engine.sprites)
    shown = sum(counts[:-1])
    most = max(zip(counts[:-1], parts, strict=False), key=lambda one: one[0])[1]
    if shown > wanted.questions:
        raise UnfitError(
            f"its networks look at so much that they have to be asked {_about(shown)} questions,"
            f" most of them for the {most.name}, which looks at {len(most.kept)} variables;"
            f" --questions allows {wanted.questions:,}"
        )
    if shown + counts[-1] > wanted.questions:
        bars.say(
            f"rewards and ends are not asked for: their network looks at {len(parts[-1].kept)}"
            f" variables, for {_about(counts[-1])} questions"
        )
        return parts[:-1]
    return parts


def _about(count: float) -> str:
    return f"about {count:,.0f}" if count < 1e10 else "more than 10,000,000,000"


def _told(end: Progress, parts: list[Part], world: World) -> dict[str, Any]:
    asked = int(end.tally.asked.sum())
    told: dict[str, Any] = {
        "contexts": asked // len(world.moves),
        "by_colour": None,
        "lost_frames": int((~world.exact).sum()),
        "parts": [
            {
                "name": part.name,
                "looks_at": [variable.name for variable in part.kept],
                "questions": questions,
                "wrong_questions": wrong,
                "wrong": transitions,
            }
            for part, (questions, wrong, transitions) in zip(parts, end.parts, strict=True)
        ],
    }
    return told if not parts[-1].shows else told | {"wrong_rewards": None}
