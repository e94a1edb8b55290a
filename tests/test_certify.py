"""The certificate: engines that are right, and engines that are wrong exactly so many times."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from by_heart import catch_by_heart, copy_of_walk
from scipy.stats import beta
from walk import after, all_contexts, all_states, walk

from data_gen.registry import make_game
from gameengine.certify import certificate, transitions
from gameengine.certify.certificate import EVERY, SAMPLE, Wanted, upper_bound
from gameengine.certify.verdict import certify

ALL = Wanted(most=10**9)


def test_an_exact_engine_is_certified(tmp_path: Path) -> None:
    engine, _ = copy_of_walk()
    verdict = certify(walk(), engine, ALL, tmp_path, quiet=True)
    assert (verdict["certified"], verdict["wrong"], verdict["method"]) == (True, 0, EVERY)
    assert verdict["contexts"] == len(all_contexts())
    assert verdict["transitions"] == 2 * len(all_contexts()) == len(engine.table)
    assert verdict["states"] == len(all_states()) == 18
    assert verdict["margin"] == 10
    assert verdict["pictures"] == verdict["first_wrong"] == []
    # It never says that an end of the line earns 1.
    assert verdict["wrong_rewards"] == verdict["by_event"]["end"]["transitions"] > 0
    assert json.loads((tmp_path / "wrong.json").read_text()) == []


@pytest.mark.parametrize("wrong", [1, 9])
def test_every_wrong_transition_is_found(wrong: int, tmp_path: Path) -> None:
    engine, counts = copy_of_walk(wrong)
    verdict = certify(walk(), engine, ALL, tmp_path, quiet=True)
    assert (verdict["certified"], verdict["wrong"]) == (False, wrong)
    assert {event: one["wrong"] for event, one in verdict["by_event"].items()} == counts
    # The last pixel is dark; the engine made it the walker's colour.
    assert verdict["by_colour"] == {"dark": wrong, "walker": wrong, "lamp": 0}
    listed = json.loads((tmp_path / "wrong.json").read_text())
    assert len({json.dumps(one) for one in listed}) == wrong
    drawn = sorted(str(path) for path in tmp_path.glob("*.png"))
    assert sorted(verdict["pictures"]) == drawn
    assert len(drawn) == sum(min(2, count) for count in counts.values())
    for one in verdict["first_wrong"]:
        state = tuple(one["state"].values())
        assert after(state, ("go", "turn").index(one["actions"][0]))[1] == one["event"]


def test_one_frame_is_enough_for_catch(tmp_path: Path) -> None:
    game = make_game("catch", size=[20, 20], fall_speed=3)
    engine = catch_by_heart(game, wrong=77)
    verdict = certify(game, engine, ALL, tmp_path, quiet=True)
    assert verdict["transitions"] == 3 * verdict["states"] == len(engine.table)
    assert (verdict["wrong"], verdict["contexts"]) == (77, verdict["states"])
    engine.wrong = set()
    assert certify(game, engine, ALL, tmp_path, quiet=True)["certified"]
    assert not list(tmp_path.glob("*.png"))  # those of the first one are gone


def test_a_sample_proves_nothing_but_bounds(tmp_path: Path) -> None:
    engine, _ = copy_of_walk()
    verdict = certify(walk(), engine, Wanted(sample=5000), tmp_path, quiet=True)
    assert (verdict["certified"], verdict["wrong"], verdict["transitions"]) == (False, 0, 5000)
    assert verdict["method"] == SAMPLE
    assert verdict["upper_bound"] == 3 / 5000
    engine, _ = copy_of_walk(len(engine.table) // 4)
    verdict = certify(walk(), engine, Wanted(sample=5000), tmp_path, quiet=True)
    assert 0.1 < verdict["wrong"] / 5000 < verdict["upper_bound"] < 0.4


def test_too_many_transitions_make_a_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificate, "SAMPLED", 300)
    engine, _ = copy_of_walk()
    for most, method in ((len(engine.table) - 1, SAMPLE), (len(engine.table), EVERY), (9, SAMPLE)):
        verdict = certify(walk(), engine, Wanted(most=most), tmp_path, quiet=True)
        assert verdict["method"] == method
        assert verdict["transitions"] == (300 if method == SAMPLE else len(engine.table))
        assert verdict["certified"] is (method == EVERY)


@pytest.mark.parametrize(("wrong", "sample"), [(0, 1000), (1, 1000), (30, 900), (862, 100_000)])
def test_the_bound_is_about_clopper_and_pearson(wrong: int, sample: int) -> None:
    exact = beta.ppf(0.95, wrong + 1, sample - wrong)
    assert upper_bound(wrong, sample) == pytest.approx(exact, rel=0.08 if wrong > 1 else 0.2)


def test_ctrl_c_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped again and again, with the same counts in the end."""
    game = make_game("catch", size=[20, 20], fall_speed=3)
    engine = catch_by_heart(game, wrong=500)
    whole = certify(game, engine, ALL, tmp_path / "whole", quiet=True)
    left = [2]
    ask = certificate.ask

    def ask_or_stop(*arguments: Any) -> Any:
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt
        return ask(*arguments)

    stops = 0
    engine.asked = 0
    monkeypatch.setattr(certificate, "ask", ask_or_stop)
    monkeypatch.setattr(certificate.Certificate, "_speed", lambda self: 1e3)
    parts = {}
    while not parts and stops < 3:
        try:
            parts = certify(game, engine, ALL, tmp_path / "parts", {"weights": 1}, quiet=True)
        except KeyboardInterrupt:
            stops += 1
            left[0] = 2
    assert stops == 2  # of 3 blocks each did one
    assert engine.asked == whole["transitions"]
    for verdict in (whole, parts):
        del verdict["seconds"], verdict["pictures"]
    assert parts == whole
    assert names(tmp_path / "parts") == names(tmp_path / "whole")


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_other_weights_begin_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    game = make_game("catch", size=[20, 20], fall_speed=3)
    engine = catch_by_heart(game, wrong=3000)
    monkeypatch.setattr(certificate, "SAVED_EVERY", -1.0)
    ask, calls = certificate.ask, []

    def once(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) > 1:
            raise KeyboardInterrupt
        return ask(*arguments)

    monkeypatch.setattr(certificate.Certificate, "_speed", lambda self: 1e3)
    monkeypatch.setattr(certificate, "ask", once)
    with pytest.raises(KeyboardInterrupt):
        certify(game, engine, ALL, tmp_path, {"weights": 1}, quiet=True)
    monkeypatch.setattr(certificate, "ask", ask)
    assert (tmp_path / "progress.json").exists()
    engine.wrong = set()
    verdict = certify(game, engine, ALL, tmp_path, {"weights": 2}, quiet=True)
    assert verdict["certified"]
    assert names(tmp_path) == {"wrong.json"}


def test_few_mistakes_of_each_event_are_kept() -> None:
    made = [transitions.Mistake(number, 0, 0, number % 2) for number in range(8)]
    kept = transitions.Tally.empty(walk().spec)
    for one in made:
        kept += transitions.Tally(kept.asked, kept.wrong, kept.colours, 0, (one,))
    assert kept.pictured(2) == tuple(made[:4])
    assert transitions.Tally.from_dict(kept.to_dict()).mistakes == tuple(made)
