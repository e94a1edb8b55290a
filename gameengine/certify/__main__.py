"""`python -m gameengine.certify CHECKPOINT`: is a learned game exact, for ever?"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_gen.atomic import write_text
from data_gen.command_line import Parser, check_least, this_python
from data_gen.errors import UserError, run_command

if TYPE_CHECKING:
    from gameengine.engine import Engine

RESULT = "result.json"


def main(arguments: list[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    check_least(asked, sample=1, most=1, states=1, questions=1)
    if not 0 <= asked.seed < 1 << 64:
        raise UserError(f"--seed must lie in 0 to 2^64 - 1, not {asked.seed}")
    if asked.sample is not None and asked.most is not None:
        raise UserError("--sample and --most exclude each other")
    folder = asked.out or Path("runs") / "certify" / asked.checkpoint.stem

    # Only now: torch takes seconds to load, and --help should not.
    from gameengine.checkpoint import load_checkpoint

    engine = load_checkpoint(asked.checkpoint).engine
    began = time.perf_counter()
    try:
        verdict = _verdict(engine, folder, asked)
    except KeyboardInterrupt:
        words = " ".join(sys.argv[1:] if arguments is None else arguments)
        command = f"{this_python()} -m gameengine.certify {words}"
        print(f"stopped; what was done is kept in {folder}; go on with: {command}", file=sys.stderr)
        return 130
    about = {"checkpoint": str(asked.checkpoint), "game": engine.spec.name}
    verdict = {**about, **verdict, "out": str(folder)}
    verdict.setdefault("seconds", round(time.perf_counter() - began, 1))
    write_text(folder / RESULT, json.dumps(verdict, indent=1))
    print(json.dumps(verdict) if asked.json else _in_words(verdict))
    return 0


def run() -> None:
    """The console script."""
    run_command(main)


def _verdict(engine: Engine, folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    from data_gen.game import with_context
    from data_gen.reachable import MOST
    from data_gen.registry import game_of
    from gameengine.certify.certificate import QUESTIONS, Wanted
    from gameengine.certify.life import certify_life
    from gameengine.certify.verdict import certify

    if engine.spec.name == "life":
        return certify_life(engine, folder)
    try:
        truth = with_context(game_of(engine.spec), engine.spec.context)
    except ValueError as error:
        raise UserError(f"{asked.checkpoint}: {error}") from error
    wanted = Wanted(
        asked.sample, asked.most, asked.seed, asked.states or MOST, asked.questions or QUESTIONS
    )
    digest = hashlib.sha256(asked.checkpoint.read_bytes()).hexdigest()
    return certify(truth, engine, wanted, folder, {"checkpoint": digest}, quiet=asked.json)


def _in_words(verdict: dict[str, Any]) -> str:
    wrong, transitions = verdict["wrong"], verdict["transitions"]
    lines = [f"{verdict['checkpoint']}: {verdict['game']}"]
    if verdict["method"] == "neighbourhoods":
        lines[0] += f", all 512 neighbourhoods and {verdict['boards']:,} small boards"
        lines.append(f"  wrong          {verdict['wrong_neighbourhoods']} neighbourhoods")
        lines.append(f"  at the edges   {verdict['wrong_boards']} boards are wrong")
    else:
        lines[0] += f", {verdict['states']:,} states from {verdict['beginnings']:,} beginnings"
        if not verdict["complete"]:
            lines.append("  There are more states; those found later were not asked for.")
        lines.append(f"  asked          {transitions:,} transitions ({verdict['method']})")
        lines.append(f"  wrong          {wrong:,} ({wrong / transitions:.3%})")
        lines += [f"    {line}" for line in _shares(verdict)]
        lines += [f"    {line}" for line in _parts(verdict)]
        if verdict["wrong_rewards"] is not None:
            lines.append(f"  wrong rewards  {verdict['wrong_rewards']:,}")
    lines += [f"  picture        {path}" for path in verdict["pictures"]]
    if verdict["certified"]:
        if "margin" in verdict:
            lines.append(f"  closest call   {verdict['margin']:.3g} between two logits")
        lines.append("  certified exact, for ever")
    elif "upper_bound" in verdict:
        share = verdict["upper_bound"]
        lines.append(f"  not certified: sample; 95 % sure that at most {share:.3%} are wrong")
    else:
        lines.append("  not certified")
    return "\n".join(lines)


def _shares(verdict: dict[str, Any]) -> list[str]:
    shares = [
        f"{event}: {one['wrong']:,} of {one['transitions']:,}"
        for event, one in verdict["by_event"].items()
        if one["transitions"]
    ]
    colours = verdict["by_colour"] or {}
    seen = [f"{count:,} with {colour}" for colour, count in colours.items() if count]
    return shares + ([f"wrong pixels: {', '.join(seen)}"] if seen else [])


def _parts(verdict: dict[str, Any]) -> list[str]:
    return [
        f"{part['name']}: looks at {len(part['looks_at'])} variables;"
        f" {part['questions']:,} questions,"
        f" {part['wrong_questions']:,} wrong, in {part['wrong']:,} transitions"
        for part in verdict.get("parts", ())
    ]


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m gameengine.certify",
        description="Ask a learned game for every transition that the true one can make. None"
        " wrong: it is exact, for ever. If they are too many, ask for a sample of them. Run the"
        " same command again to go on after a stop.",
    )
    parser.add_argument("checkpoint", type=Path, help="a .ckpt file")
    parser.add_argument(
        "--sample", type=int, metavar="N", help="ask for N transitions drawn at random, not for all"
    )
    parser.add_argument(
        "--most",
        type=int,
        metavar="N",
        help="ask for a sample if there are more transitions; default: what 10 minutes are for",
    )
    parser.add_argument(
        "--states",
        type=int,
        metavar="N",
        help="refuse a game with more states, or sample these; default: what 4 GB are enough for",
    )
    parser.add_argument(
        "--questions",
        type=int,
        metavar="N",
        help="ask the networks of a slots engine one by one if they need no more questions;"
        " default: what 2 GB are enough for",
    )
    parser.add_argument("--seed", type=int, default=0, help="of a sample; default: 0")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="for pictures, result and progress; default: runs/certify/NAME",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


if __name__ == "__main__":
    run()
