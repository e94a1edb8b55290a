"""Which game was seen: its embedding in a hyper engine, and what the true game says of that."""

from __future__ import annotations

import time
from typing import Any

import torch
from tqdm import tqdm

from data_gen.command_line import this_python
from data_gen.errors import UserError
from data_gen.players import make_players
from data_gen.variants import variant
from gameengine.embedding_points import name_of
from gameengine.engine import Engine
from gameengine.engines.hyper import HyperEngine
from gameengine.induction import Induced, Video, described, disagreement, induce, open_numbers
from gameengine.judge import judge
from gameengine.learned_game import LearnedGame
from gameengine.retargeting import check_fits, for_spec
from gameengine.watching import Seen

DREAM = 100  # ticks, in which tries that explain the video are compared
ROLLOUTS, TICKS = 16, 250  # that the induced game is judged by


def find_game(
    engine: HyperEngine, seen: Seen, tries: int, steps: int, seed: int, silent: bool
) -> tuple[Engine, dict[str, Any]]:
    """The game that was seen, as an engine that plays it, and what can be told of it: plain values.
    tries, steps, seed: see `induce`. silent: without progress bars. Raises UserError for a game
    that the engine has no room for, and ValueError for too few frames."""
    video = _video(engine, seen)
    started = time.perf_counter()
    with tqdm(total=steps, unit="step", leave=False, disable=silent) as bar:

        def progress(step: int, wrong: int) -> None:
            bar.update()
            bar.set_postfix_str(f"{wrong:,} pixels wrong")

        induced = induce(engine, video, tries, steps, seed, progress)
    told: dict[str, Any] = {
        "frames": len(seen.frames),
        "seconds": round(time.perf_counter() - started, 2),
        "steps": induced.steps,
        "predicted": induced.ticks,
        "wrong": int(induced.wrong[0, 0]),
    }
    made, more = _made(engine, seen, video, induced, silent)
    return made, told | more


def _video(engine: HyperEngine, seen: Seen) -> Video:
    """Raises UserError for a game that the engine has no room for."""
    if seen.spec is not None:
        try:
            check_fits(engine, seen.spec)
        except ValueError as error:
            raise UserError(str(error)) from error
    nothing = torch.zeros(1, len(engine.spec.description))  # the game is not known
    actions = torch.from_numpy(seen.actions.astype("int64"))[None]
    return Video(torch.from_numpy(seen.frames)[None], actions, nothing)


def _made(
    engine: HyperEngine, seen: Seen, video: Video, induced: Induced, silent: bool
) -> tuple[Engine, dict[str, Any]]:
    """The playable engine, and what can be told of it."""
    told: dict[str, Any] = {"open_pixels": float(disagreement(engine, video, induced, DREAM)[0])}
    embedding, spec, names = induced.embeddings[0, 0], engine.spec, engine.spec.description
    numbers = described(engine, embedding)
    if numbers is not None:
        embedding = engine.embedding.of_description(numbers[None])[0]
        told["description"] = dict(zip(names, numbers.tolist(), strict=True))
        told["name"] = name_of(spec, numbers.numpy())
        told["open"] = [names[number] for number in open_numbers(engine, video, numbers)]
    if seen.spec is None or seen.description is None:
        return for_spec(engine, spec, embedding=embedding.tolist()), told
    truth = variant(seen.spec, seen.description)
    made = for_spec(engine, truth.spec, embedding=embedding.tolist())
    return made, told | _judged(made, silent)


def _judged(made: Engine, silent: bool) -> dict[str, Any]:
    """How long the induced game stays true."""
    cast = make_players(["tracker:0.9"])
    with tqdm(total=TICKS, desc="judging", unit="tick", leave=False, disable=silent) as bar:
        judgement = judge(LearnedGame(made), cast, ROLLOUTS, TICKS, progress=bar.update)
    return {"exact_horizon": judgement.exact.summary()}


def in_words(what: str, result: dict[str, Any]) -> str:
    """What was found. what: was watched; result: of `find_game`, and where the game is ("out")."""
    lines = [
        f"{what}: {result['frames']} frames watched, {result['seconds']} s,"
        f" {result['steps']} steps",
        f"  explains         {result['predicted']} predicted frames with {result['wrong']:,} wrong"
        " pixels",
    ]
    if "description" in result:
        lines.append(f"  it is            {result['name']}")
        lines.append(f"  not determined   {', '.join(result['open']) or 'nothing is left open'}")
    lines.append(
        f"  tries differ in  {result['open_pixels']:.2%} of the pixels of {DREAM} dreamed frames"
    )
    if "exact_horizon" in result:
        horizon = result["exact_horizon"]
        lines.append(
            f"  exact horizon    median {horizon['median']:g} ticks, 10th percentile"
            f" {horizon['p10']:g}; {horizon['censored']} of {ROLLOUTS} never went wrong in"
            f" {TICKS:,}"
        )
    lines.append(f"play it: {this_python()} -m gameengine.play {result['out']}")
    return "\n".join(lines)
