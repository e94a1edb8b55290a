"""Run an experiment: `python experiments/run.py [--config FILE] [--KEY VALUE ...]`.

Without arguments the quickstart, experiments/pong_feedback.yaml, is run.
"""

from __future__ import annotations

import sys
from pathlib import Path

from data_gen.errors import UserError, run_command

HERE = Path(__file__).parent
QUICKSTART = HERE / "pong_feedback.yaml"


def main() -> int:
    arguments = sys.argv[1:]
    if "-h" in arguments or "--help" in arguments:
        print(_help())
        return 0
    resume, arguments = _taken(arguments, "--resume")
    if resume is not None:
        arguments = ["--config", str(_run_folder(resume) / "config.yaml"), *arguments]
    elif not any(argument.split("=")[0] in ("--config", "-c") for argument in arguments):
        arguments = ["--config", str(QUICKSTART), *arguments]
    if "--print_config" not in " ".join(arguments):
        print("loading ...", file=sys.stderr, flush=True)

    from gameengine.training import train  # only now: torch takes seconds to load

    return train(arguments, _run_folder(resume) if resume is not None else None)


def _taken(arguments: list[str], option: str) -> tuple[str | None, list[str]]:
    """The value of `--option VALUE` or `--option=VALUE`, and the other arguments."""
    for number, argument in enumerate(arguments):
        if argument == option:
            if number + 1 == len(arguments):
                raise UserError(
                    f"{option} needs the folder of a run, such as runs/pong_feedback/..."
                )
            return arguments[number + 1], arguments[:number] + arguments[number + 2 :]
        if argument.startswith(option + "="):
            return argument.partition("=")[2], arguments[:number] + arguments[number + 1 :]
    return None, arguments


def _run_folder(path: str) -> Path:
    folder = Path(path)
    if folder.name == "last.ckpt":
        folder = folder.parent.parent
    if not (folder / "config.yaml").is_file():
        raise UserError(f"{path} is not the folder of a run: there is no {folder / 'config.yaml'}")
    return folder


def _help() -> str:
    experiments = "\n".join(f"  experiments/{path.name}" for path in sorted(HERE.glob("*.yaml")))
    return f"""usage: python experiments/run.py [--config FILE] [--KEY VALUE ...] [--resume RUN]

Train a learned game. Without arguments: the quickstart, a Pong to play after 5 minutes.

  --config FILE     an experiment (below), or the config.yaml of an earlier run
  --KEY VALUE       change a setting, such as --budget.minutes 10 or --seed_everything 1
  --resume RUN      go on with a run that was stopped or killed: its folder in runs/
  --print_config    print all settings with their values and stop
  --wandb MODE      auto (default: online if there is a key and an answer), offline, off

experiments:
{experiments}"""


if __name__ == "__main__":
    run_command(main)
