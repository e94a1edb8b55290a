"""The guide docs/write_a_game.md and the README's how-to: what they show is written into modules,
registered as they say, run, and compared with what they claim."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import data_gen
import data_gen.games
import data_gen.kernels
import gameengine.engines
from data_gen.check import check_game
from data_gen.game import AnyGame, State
from data_gen.players import make_players
from data_gen.randomness import training_seeds
from data_gen.registry import GAMES, expert_of, make_game
from data_gen.rollout import Rollout, roll_out
from gameengine import play
from gameengine.engine import Context
from gameengine.engines import ENGINES, make_engine

ROOT = Path(__file__).parent.parent
GUIDE, README = ROOT / "docs" / "write_a_game.md", ROOT / "README.md"
GALLERY = 60_000  # bytes that a picture of the guide may have
QUICKSTART = ROOT / "experiments" / "pong_feedback.yaml"
PACKAGES = {"data_gen/games": data_gen.games, "gameengine/engines": gameengine.engines}


def text_of(document: Path) -> str:
    """The whole guide; of the README, how to add a game and an engine."""
    text = document.read_text(encoding="utf-8")
    return (
        text[text.index("\n## Add a game") : text.index("\n## Develop")]
        if document == README
        else text
    )


def modules(text: str) -> dict[str, str]:
    """Path -> source: each block of Python belongs to the file that was named last before it, and
    what is shown later for the same file goes to its end."""
    found: dict[str, str] = {}
    place = 0
    for block in re.finditer(r"```python\n(.*?)```", text, re.DOTALL):
        named = re.findall(r"`([\w/]+\.py)`", text[place : block.start()])[-1]
        place = block.end()
        if named != "data_gen/registry.py":
            found[named] = found.get(named, "") + block[1]
    return found


def lines_for_registries(text: str) -> dict[str, str]:
    return dict(re.findall(r'"(\w+)": "((?:data_gen\.games|gameengine\.engines)\.\w+:\w+)",', text))


def commands(text: str) -> list[list[str]]:
    """The words of every command for the shell, without the Python that runs it."""
    lines = re.findall(r"^\$ (.*)$", text, re.MULTILINE)
    return [shlex.split(line.replace(".venv/bin/python ", ""), comments=True) for line in lines]


@pytest.fixture(scope="module", params=[GUIDE, README], ids=["guide", "README"])
def text(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One of the documents, when everything has been done that it says."""
    text, folder = text_of(request.param), tmp_path_factory.mktemp("guide")
    sources, lines = modules(text), lines_for_registries(text)
    assert sorted(place.split(":")[0].replace(".", "/") + ".py" for place in lines.values()) == (
        sorted(sources)
    )
    with pytest.MonkeyPatch.context() as patch:
        # Not the common one, which does not know that a kernel outside of data_gen has changed.
        patch.setattr(data_gen.kernels, "cache_folder", lambda: folder / "cache")
        for name, package in PACKAGES.items():
            (folder / name).mkdir(parents=True)
            patch.setattr(package, "__path__", [*package.__path__, str(folder / name)])
        for path, source in sources.items():
            (folder / path).write_text(source, encoding="utf-8")
        for name, place in lines.items():
            patch.setitem(GAMES if place.startswith("data_gen") else ENGINES, name, place)
        yield text
        for place in lines.values():
            package, _, name = place.split(":")[0].rpartition(".")
            sys.modules.pop(f"{package}.{name}", None)
            vars(sys.modules[package]).pop(name, None)


def games_of(text: str) -> list[str]:
    return [name for name in lines_for_registries(text) if name in GAMES]


def roll(name: str, ticks: int = 50, games: int = 64) -> Rollout:
    game, cast = make_game(name), make_players(["sticky", "tracker"])
    return roll_out(game, cast, training_seeds(0, 0, games), ticks)


def test_the_documents_show_games_and_an_engine() -> None:
    assert list(lines_for_registries(text_of(GUIDE))) == ["counter", "fibonacci", "sunset"]
    assert list(lines_for_registries(text_of(README))) == ["counter", "plain"]


def test_the_games_keep_the_contract(text: str) -> None:
    for name in games_of(text):
        game = make_game(name)
        assert game.spec.name == name
        check_game(game, ticks=50)


def test_the_quickstart_can_learn_the_games(text: str) -> None:
    for name in games_of(text):
        spec = make_game(name).spec
        if spec.palette is not None:
            assert make_engine("feedback", spec).spec == spec
    assert "learn palette games" in text or "sunset" not in games_of(text)


def test_the_games_are_short(text: str) -> None:
    """About 20 lines from the first kernel to the description of the game."""
    for path, source in modules(text).items():
        rules = source.partition("@kernel")[2].partition("    spec = ")[0]
        assert len([line for line in rules.splitlines() if line.strip()]) <= 22, path


def test_playing_fused_and_tick_by_tick_is_the_same(text: str) -> None:
    for name in games_of(text):
        game, played = make_game(name), roll(name)
        state = game.init(played.seeds)
        for tick in range(50):
            np.testing.assert_array_equal(game.render(state), played.frames[:, tick])
            state = game.step(state, played.actions[:, tick])


def test_the_bar_of_counter_grows_with_the_button_and_starts_again(text: str) -> None:
    played = roll("counter")
    lengths = (played.frames[:, :, 0, 1] == 1).sum(2)  # (B, T + 1)
    bars = np.arange(16) < lengths[:, :, None]
    shown = np.zeros((*lengths.shape, 4, 16), np.uint8)
    shown[:, :, 1:3] = bars[:, :, None]
    np.testing.assert_array_equal(played.frames[:, :, 0], shown)
    assert set(lengths[:, 0]) == set(range(17))
    held = played.actions[:, :, 0]
    np.testing.assert_array_equal(lengths[:, 1:], (lengths[:, :-1] + held) % 17)
    assert set(np.unique(held)) == {0, 1}
    spec = make_game("counter").spec
    assert spec.actions[spec.keys[0]["space"]] == "count"


@pytest.mark.parametrize("text", [GUIDE], ids=["guide"], indirect=True)
class TestTheGuide:
    def test_the_expert_fills_the_bar_up_to_where_it_aims(self, text: str) -> None:
        game = make_game("counter")
        expert = expert_of(game.spec)
        assert expert is import_module("data_gen.games.counter").expert
        for aim, wanted in ((-1.0, 1), (0.0, 8), (1.0, 16)):
            for seed in training_seeds(0, 0, 8):
                state: State = game.init(seed[None])
                begun = (game.render(state)[0, 0, 1] == 1).sum()
                for _ in range(20):
                    action = expert(game.render(state)[0, 0], 0, aim)
                    state = game.step(state, np.array([[action]]))
                filled = (game.render(state)[0, 0, 1] == 1).sum()
                assert filled == max(begun, wanted)

    def test_fibonacci_adds_the_last_two_numbers_modulo_10(self, text: str) -> None:
        played = roll("fibonacci", ticks=60, games=1000)
        row = played.frames[:, :, 0, 1]  # (B, T + 1, W)
        numbers = row.sum(2).astype(int)
        dots = np.zeros_like(played.frames)
        dots[:, :, 0, 1:3, 1:18:2] = (np.arange(9) < numbers[:, :, None])[:, :, None]
        np.testing.assert_array_equal(played.frames, dots)
        np.testing.assert_array_equal(numbers[:, 2:], (numbers[:, 1:-1] + numbers[:, :-2]) % 10)
        assert len({(a, b) for a, b in numbers[:, :2].tolist()}) == 100  # all pairs
        np.testing.assert_array_equal(numbers[:, 60], numbers[:, 0])
        assert (numbers[:, 30] != numbers[:, 0]).any()
        assert make_game("fibonacci").spec.context == 2

    def test_the_sun_sets_unless_it_is_held(self, text: str) -> None:
        game: AnyGame = make_game("sunset")
        state = game.init(training_seeds(0, 0, 9))
        light = game.render(state)[:, 0].astype(int)  # red
        for action, change in ((0, -1), (1, 1)):
            after = game.render(game.step(state, np.full((9, 1), action)))[:, 0]
            np.testing.assert_array_equal(after, np.clip(light + change, 0, 255))
        assert game.spec.palette is None


@pytest.mark.parametrize("text", [README], ids=["README"], indirect=True)
def test_the_engine_advances(text: str) -> None:
    engine = make_engine("plain", make_game("counter").spec)
    played = roll("counter", ticks=4, games=3)
    actions = torch.from_numpy(played.actions).long()
    shown = Context(torch.from_numpy(played.frames[:, :1]), actions[:, :0])
    hidden = engine.encode(shown, torch.from_numpy(played.description))
    predicted, _ = engine.unroll(hidden, actions)
    assert predicted.logits.shape == (3, 4, 2, 4, 16)


def test_the_commands_run(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data_gen: Any, capsys: Any
) -> None:
    """Playing is recorded instead, for a few ticks, and training shows its settings."""
    from gameengine.training import train

    written = commands(text)
    assert len(written) >= 5
    for words in written:
        match words:
            case ["-m", "pytest", path, *options]:
                assert (ROOT / path).is_file()
                assert set(options) <= {"-q", "-k", *lines_for_registries(text)}
            case ["-m", "gameengine.play", *arguments]:
                file = tmp_path / "play.gif"
                play.main([*arguments, "--ticks", "3", "--record", str(file)])
                assert file.is_file()
            case ["-m", "data_gen", *arguments]:
                arguments[arguments.index("--out") + 1] = str(tmp_path / "dataset")
                assert data_gen(*arguments).code == 0
            case ["experiments/run.py", *arguments]:
                with pytest.raises(SystemExit) as ended:
                    train(["--config", str(QUICKSTART), *arguments, "--print_config"], None)
                assert ended.value.code in (0, None)
                assert (
                    f"name: {arguments[arguments.index('--name') + 1]}" in capsys.readouterr().out
                )
            case _:
                pytest.fail(f"nobody tests {words}")


@pytest.mark.parametrize("document", [GUIDE, README])
def test_all_that_is_linked_is_there(document: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8"))
    assert links
    for link in links:
        assert (document.parent / link).is_file(), link
    for link in re.findall(r"!\[.*?\]\((.*?)\)", text_of(document)):
        assert (document.parent / link).stat().st_size < GALLERY
