"""Benchmarks run: their figures are nobody's business here."""

from __future__ import annotations

import pytest

from benchmarks import hyper


@pytest.mark.parametrize("case", hyper.CASES)
def test_weights_of_one_s_own_are_measured(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hyper, "ROLLOUT", 2)
    told = hyper.measure(1, **hyper.CASES[case])
    assert len(told) == 6
    assert min(told[name] for name in told if name != "play_overhead") > 0


def test_convolutions_are_measured() -> None:
    assert min(hyper.convolution(1, 2).values()) > 0
