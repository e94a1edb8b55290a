"""`python -m gameengine.induce ENGINE VIDEO`: watch a few frames of a game, and play it.

ENGINE is a checkpoint of a HyperEngine. Its weights stay as they are; only the embedding of the
game is looked for.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_gen.command_line import Parser, check_least, this_python
from data_gen.errors import UserError, run_command

if TYPE_CHECKING:
    from gameengine.engine import Engine
    from gameengine.engines.hyper import HyperEngine
    from gameengine.induction import Induced, Video
    from gameengine.watching import Seen

DREAM = 100  # ticks, in which tries that explain the video are compared
ROLLOUTS, TICKS = 16, 250  # that the induced game is judged by


def main(arguments: list[str] | None = None) -> None:
    asked = _parser().parse_args(arguments)
    check_least(asked, frames=1, tries=1, steps=1)
    out = asked.out or Path("runs/induce") / f"{asked.video.stem}_{asked.episode}.ckpt"

    # Only now: torch takes seconds to load, and --help should not.
    from tqdm import tqdm

    from gameengine.checkpoint import save_engine
    from gameengine.embedding_points import hyper_engine
    from gameengine.induction import induce
    from gameengine.watching import watch

    engine = hyper_engine(asked.engine)
    seen = watch(asked.video, engine.spec, asked.episode, asked.frames)
    video = _video(engine, seen)
    started = time.perf_counter()
    silent = asked.json or not sys.stderr.isatty()
    with tqdm(total=asked.steps, unit="step", leave=False, disable=silent) as bar:

        def progress(step: int, wrong: int) -> None:
            bar.update()
            bar.set_postfix_str(f"{wrong:,} pixels wrong")

        try:
            induced = induce(engine, video, asked.tries, asked.steps, asked.seed, progress)
        except ValueError as error:
            raise UserError(f"{asked.video}: {error}") from error
    seconds = time.perf_counter() - started
    result: dict[str, Any] = {
        "engine": str(asked.engine),
        "video": str(asked.video),
        "frames": len(seen.frames),
        "seconds": round(seconds, 2),
        "steps": induced.steps,
        "predicted": induced.ticks,
        "wrong": int(induced.wrong[0, 0]),
    }
    made, more = _made(engine, seen, video, induced, silent)
    result |= more
    save_engine(out, made, {"command": "gameengine.induce", "seconds": seconds})
    result["out"] = str(out)
    print(json.dumps(result) if asked.json else _in_words(result))


def run() -> None:
    """The console script."""
    run_command(main)


def _video(engine: HyperEngine, seen: Seen) -> Video:
    """Raises UserError for a game that the engine has no room for."""
    import torch

    from gameengine.induction import Video
    from gameengine.retargeting import check_fits

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
    from gameengine.embedding_points import name_of
    from gameengine.induction import described, disagreement, open_numbers
    from gameengine.retargeting import for_spec

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
    from data_gen.variants import variant

    truth = variant(seen.spec, seen.description)
    made = for_spec(engine, truth.spec, embedding=embedding.tolist())
    return made, told | _judged(made, silent)


def _judged(made: Engine, silent: bool) -> dict[str, Any]:
    """How long the induced game stays true."""
    from tqdm import tqdm

    from data_gen.players import make_players
    from gameengine.judge import judge
    from gameengine.learned_game import LearnedGame

    cast = make_players(["tracker:0.9"])
    with tqdm(total=TICKS, desc="judging", unit="tick", leave=False, disable=silent) as bar:
        judgement = judge(LearnedGame(made), cast, ROLLOUTS, TICKS, progress=bar.update)
    return {"exact_horizon": judgement.exact.summary()}


def _in_words(result: dict[str, Any]) -> str:
    lines = [
        f"{result['video']}: {result['frames']} frames watched, {result['seconds']} s,"
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


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m gameengine.induce",
        description="Watch a few frames of a game that a hyper engine never saw, find the game's"
        " embedding, and write the game as a checkpoint that can be played.",
    )
    add = parser.add_argument
    add("engine", type=Path, metavar="ENGINE", help="a .ckpt file of a HyperEngine")
    add(
        "video",
        type=Path,
        metavar="VIDEO",
        help="a dataset's folder (python -m data_gen generate), what a person played (.npz, of"
        " python -m gameengine.play --record-play), or, of games that nobody plays, a gif",
    )
    add("--episode", type=int, default=0, metavar="N", help="of the dataset; default: 0")
    add("--frames", type=int, metavar="N", help="watch the first N only; default: all")
    add("--tries", type=int, default=4, metavar="N", help="searches side by side; default: 4")
    add("--steps", type=int, default=300, metavar="N", help="of each, at most; default: 300")
    add("--seed", type=int, default=0, help="of the searches; default: 0")
    add("--out", type=Path, metavar="CKPT", help="default: runs/induce/VIDEO_EPISODE.ckpt")
    add("--json", action="store_true", help="print one JSON object")
    return parser


if __name__ == "__main__":
    run()
