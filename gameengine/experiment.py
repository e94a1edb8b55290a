"""The settings of an experiment: Lightning's command line with this project's parts in it."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NoReturn

from pytorch_lightning.cli import LightningArgumentParser, LightningCLI

from data_gen.errors import UserError
from gameengine.budget import Budget
from gameengine.configs import whole_configs
from gameengine.data import GameData
from gameengine.engines import ENGINES, engine_class
from gameengine.growth import Growth
from gameengine.journal import Journal
from gameengine.learner import Learner
from gameengine.pruning import Pruning

DEFAULTS = {
    "accelerator": "cpu",  # what this laboratory is for; learned games play on the CPU too
    "logger": False,
    "enable_progress_bar": False,  # ours shows the whole budget
    "enable_checkpointing": False,  # the Journal does it, whole files only
    "enable_model_summary": False,
    "max_epochs": -1,  # the Budget ends a run
    "num_sanity_val_steps": 0,
    "log_every_n_steps": 10,
}


class ExperimentParser(LightningArgumentParser):
    """Tells of a mistake in one line, with the key that was probably meant."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        # "learning_rat" is a mistake, not short for "learning_rate".
        super().__init__(*arguments, **{**options, "allow_abbrev": False})

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        text = " ".join(message.split())
        raise UserError(text + self._suggestion(text)) from ex

    def _suggestion(self, message: str) -> str:
        for word in re.findall(r"[\"'`]?-*([\w.]+)[\"'`]?", _complaint(message)):
            known = self._known_keys(nested="." in word)
            if word not in known and (close := difflib.get_close_matches(word, known, 1, 0.7)):
                return f" -- did you mean {close[0]!r}?"
        return ""

    def _known_keys(self, nested: bool) -> list[str]:
        keys = [action.dest for action in self._actions]
        for name in ENGINES:
            kind = engine_class(name)
            keys += [kind.__name__, *list(inspect.signature(kind).parameters)[1:]]
        return keys if nested else [*keys, *(key.rpartition(".")[2] for key in keys)]


class RefusalError(UserError):
    """An engine does not take the game, or its options."""


class Experiment(LightningCLI):
    """All that a config can hold, made from arguments; nothing is run.

    Raises UserError for settings that are unknown or do not fit.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        for name in ENGINES:
            engine_class(name)  # a class is known by its bare name once it is imported
        try:
            super().__init__(
                Learner,
                GameData,
                args=whole_configs(arguments),
                run=False,
                save_config_callback=None,
                seed_everything_default=0,
                trainer_defaults=DEFAULTS,
                auto_configure_optimizers=False,
                parser_class=ExperimentParser,
                parser_kwargs={"prog": "python experiments/run.py"},
            )
            self._build()
            self._check()
        except (ValueError, OverflowError) as error:
            text = str(error)
            if "is not in bounds" in text:  # Lightning does not name its own key
                text = f"seed_everything: {text}"
            raise UserError(text) from error

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        parser.add_argument("--name", default="experiment", help="folder below `runs`")
        parser.add_argument("--runs", type=Path, default=Path("runs"), help="where runs are kept")
        parser.add_argument(
            "--wandb",
            type=Literal["auto", "offline", "off"],
            default="auto",
            help="tracking by W&B",
        )
        parser.add_argument("--ema", type=float, default=0.998, help="decay of averaged weights")
        parser.add_argument("--judge.rollouts", type=int, default=256)
        parser.add_argument("--judge.ticks", type=int, default=2000)
        parser.add_lightning_class_args(Budget, "budget")
        parser.add_lightning_class_args(Journal, "journal")  # before Growth changes the length
        parser.add_lightning_class_args(Growth, "growth")
        parser.add_lightning_class_args(Pruning, "pruning")
        parser.link_arguments("seed_everything", "data.seed")
        parser.link_arguments("seed_everything", "model.seed")
        parser.set_defaults({"budget.minutes": 5.0})

    def _build(self) -> None:
        try:
            self.model.build(self.datamodule.spec, self.datamodule.glimpse)
            if self.model.engine.looks_back:
                self.datamodule.ask(self.model.engine)
        except ValueError as error:
            raise RefusalError(str(error)) from error

    def _check(self) -> None:
        """Raises ValueError for what would otherwise fail after the training."""
        settings = self.settings
        for key in ("rollouts", "ticks"):
            if settings["judge"][key] < 1:
                raise ValueError(f"judge.{key} must be at least 1, not {settings['judge'][key]}")
        if not 0 <= settings["ema"] < 1:
            raise ValueError(f"ema must lie in 0 to 1, below 1, not {settings['ema']}")
        self.datamodule.check_length(max(settings["growth"]["lengths"]))
        for callback in self.trainer.callbacks:  # pyright: ignore[reportAttributeAccessIssue]
            if isinstance(callback, Pruning):
                callback.check(self.model.engine)

    @property
    def settings(self) -> dict[str, Any]:
        """The complete config as plain values."""
        return self.config.as_dict()

    def settings_as_yaml(self) -> str:
        return str(self.parser.dump(self.config, skip_none=False))


def _complaint(message: str) -> str:
    """The part of jsonargparse's message that holds the user's own word."""
    for pattern in (
        r"Key ['\"]?[\w.]+['\"]? is not expected",
        r"Option ['\"]?[\w.]+['\"]?",
        r"Unrecognized arguments:.*",
        r"path string: \w+",
    ):
        if found := re.search(pattern, message, re.IGNORECASE):
            return re.sub(r"(?i)^(key|option|unrecognized arguments:|path string:)", "", found[0])
    return ""
