"""What was seen, what was found under the cover, and what was there, as a picture and as a film."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data_gen.game import Frames, GameSpec
from data_gen.pictures import Picture, caption, enlarge, fitting_factor, stack, to_rgb

HOLD = 8  # frames that the film stands still at its end


@dataclass(frozen=True)
class Sight:
    """Frames (T, 1, H, W): as they were seen, as the engine dreams them from what was found on, and
    as they are."""

    spec: GameSpec
    seen: Frames
    dreamt: Frames
    truth: Frames

    def at(self, tick: int, names: Sequence[str]) -> Picture:
        """The three of them beside each other."""
        factor = fitting_factor(self.spec, 256)
        panels: list[Picture] = []
        for name, frames in zip(names, (self.seen, self.dreamt, self.truth), strict=True):
            shown = enlarge(to_rgb(frames[tick], self.spec), factor)
            panels.append(stack([caption(shown.shape[1], name), shown], axis=0, gap=0))
        return stack(panels, axis=1, gap=8)


def picture(sight: Sight, told: str) -> Picture:
    """The first frame and the last one."""
    last = len(sight.truth) - 1
    rows = [
        sight.at(0, ("the first frame, covered", "what was found", "what was there")),
        sight.at(last, (f"seen, {last} ticks later", "dreamt from that", "the true game")),
    ]
    return stack([caption(rows[0].shape[1], told), *rows], axis=0, gap=4)


def film(sight: Sight, told: str) -> list[Picture]:
    """All frames."""
    names = ("seen", "dreamt from what was found", "the true game")
    ticks = len(sight.truth)
    shown = [sight.at(tick, names) for tick in (*range(ticks), *[ticks - 1] * HOLD)]
    return [stack([caption(one.shape[1], told), one], axis=0, gap=2) for one in shown]
