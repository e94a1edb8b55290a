"""Who remembers: ten symbols are shown, then nothing for a long gap, then they are asked for.

    python -m benchmarks.copy_memory [--gap 500 1000] [--minutes 3] [--out copy_memory.png]

The copy-memory task of Hochreiter and Schmidhuber 1997 as in section 4.1 of Chang et al., "Dilated
recurrent neural networks", NIPS 2017: a dilated network (plain cells, dilations 1, 2, 4 ... 256), a
GRU and an LSTM of equally many parameters learn it for equally long. They take turns step by step,
so that a busy machine slows all of them alike. A network without memory knows when to answer and
guesses what: a cross-entropy of 10 ln 8 / (gap + 20) a tick.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from data_gen.command_line import Parser, check_least
from data_gen.errors import UserError, run_command

if TYPE_CHECKING:
    from benchmarks.copy_task import Contender

DILATIONS = [2**power for power in range(9)]
NETWORKS: dict[str, tuple[list[int], Any]] = {  # name -> dilations, cell
    "dilated": (DILATIONS, "rnn"),
    "dilated-gru": (DILATIONS, "gru"),
    "dilated-lstm": (DILATIONS, "lstm"),
    "gru": ([1], "gru"),
    "lstm": ([1], "lstm"),
}


def main(arguments: list[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    _check(asked)

    import torch  # here, so that --help is fast

    torch.set_num_threads(1)
    everything: dict[int, Any] = {}
    stopped = False
    for gap in asked.gap:
        contenders = _contenders(gap, asked)
        stopped = not compare(gap, contenders, asked.minutes * 60)
        trained = {name: one for name, one in contenders.items() if one.losses}
        if trained:
            several = len(asked.gap) > 1
            path = asked.out.with_stem(f"{asked.out.stem}_{gap}") if several else asked.out
            everything[gap] = conclude(gap, trained, path, quiet=asked.json)
        if stopped:
            break
    if asked.json:
        print(json.dumps(everything))
    return 130 if stopped else 0


def compare(gap: int, contenders: dict[str, Contender], limit: float) -> bool:
    """Train all contenders for `limit` seconds each. Returns False if Ctrl-C ended it early."""
    total = round(limit * len(contenders), 1)
    bar_format = "{l_bar}{bar}| {n:.0f}/{total:.0f} s [{remaining}{postfix}]"
    with tqdm(total=total, desc=f"gap {gap}", bar_format=bar_format, leave=False) as bar:
        try:
            while (last := min(contenders.values(), key=_seconds)).seconds < limit:
                last.learn()
                bar.n = min(total, sum(map(_seconds, contenders.values())))
                told = (
                    f"{n} {one.losses[-1][1]:.4f}" for n, one in contenders.items() if one.losses
                )
                bar.set_postfix_str(", ".join(told))
        except KeyboardInterrupt:
            return False
    return True


def conclude(gap: int, trained: dict[str, Contender], path: Path, quiet: bool) -> dict[str, Any]:
    """Judge the networks, draw their curves, and print the table unless `quiet`."""
    from benchmarks.copy_task import memoryless
    from gameengine.curves import draw_curves

    told = {name: one.judged() for name, one in trained.items()}
    curves = {name: one.curve() for name, one in trained.items()}
    end = max(minutes[-1] for minutes, _ in curves.values())
    curves["no memory"] = ([0, end], [memoryless(gap)] * 2)
    labels = ("minutes of training", "cross-entropy a tick")
    draw_curves(path, curves, labels, f"copy memory, gap {gap}", ("linear", "log"))
    if not quiet:
        print(f"{table(gap, memoryless(gap), told)}\n\npicture: {path}\n", flush=True)
    return {"memoryless": memoryless(gap), "picture": str(path), "networks": told}


def table(gap: int, memoryless: float, told: dict[str, dict[str, float]]) -> str:
    """The figures of one gap in Markdown."""
    lines = [
        f"| gap {gap} | loss | of no memory | symbols right | steps | width | parameters |",
        "|---|---|---|---|---|---|---|",
        f"| no memory | {memoryless:.5f} | 100 % | 12.5% | | | |",
    ]
    for name, one in told.items():
        lines.append(
            f"| {name} | {one['loss']:.5f} | {one['loss'] / memoryless:.0%} | {one['right']:.1%} |"
            f" {one['steps']:,} | {one['width']} | {one['parameters']:,} |"
        )
    return "\n".join(lines)


def _contenders(gap: int, asked: argparse.Namespace) -> dict[str, Contender]:
    from benchmarks.copy_task import Contender, Options, widest

    options = Options(asked.batch, asked.rate, asked.clip, asked.seed)
    return {
        name: Contender(widest(*NETWORKS[name], asked.parameters, asked.seed), gap, options)
        for name in asked.networks
    }


def _seconds(contender: Contender) -> float:
    return contender.seconds


def _check(asked: argparse.Namespace) -> None:
    """Raises UserError for numbers that make no sense."""
    for name, least in (("minutes", 0), ("rate", 0), ("clip", 0)):
        if not getattr(asked, name) > least:
            raise UserError(f"--{name} must be above {least}, not {getattr(asked, name)}")
    check_least(asked, gap=1, batch=1)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m benchmarks.copy_memory",
        description="Compare networks on the copy-memory task at equal parameters and time.",
    )
    parser.add_argument("--gap", type=int, nargs="+", default=[500, 1000], help="default: 500 1000")
    parser.add_argument("--minutes", type=float, default=3.0, help="of each; default: %(default)s")
    parser.add_argument("--parameters", type=int, default=40_000, help="default: %(default)s")
    parser.add_argument("--batch", type=int, default=16, help="sequences; default: %(default)s")
    parser.add_argument("--rate", type=float, default=2e-3, help="Adam's; default: %(default)s")
    parser.add_argument("--clip", type=float, default=1.0, help="of the gradient's norm")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--networks", nargs="+", choices=NETWORKS, default=["dilated", "gru", "lstm"]
    )
    parser.add_argument("--out", type=Path, default=Path("copy_memory.png"), metavar="PNG")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


if __name__ == "__main__":
    run_command(lambda: main(sys.argv[1:]))
