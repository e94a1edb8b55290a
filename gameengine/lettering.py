"""Text and key caps as surfaces, for the window of a match."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import pygame
from PIL import ImageFont

from data_gen.pictures import INK, PAPER

Colour = tuple[int, int, int]

SMALL, NORMAL, LARGE = 13, 15, 19  # px
SPACE = 0.34  # width of a space, in heights; the font's own is too narrow to read at these sizes

CAP: Colour = (255, 255, 255)  # of a key
RIM: Colour = (205, 205, 200)  # around it
CAP_HEIGHT = 26  # px
CAP_GAP = 5  # px
FINE = 4  # caps are drawn so much larger, then made smaller, for smooth corners

_ARROWS: Mapping[str, tuple[tuple[int, int], ...]] = {  # corners of a triangle around (0, 0), px
    "up": ((-5, 3), (5, 3), (0, -4)),
    "down": ((-5, -3), (5, -3), (0, 4)),
    "left": ((3, -5), (3, 5), (-4, 0)),
    "right": ((-3, -5), (-3, 5), (4, 0)),
}


class Lettering:
    """Draws words and keys. pygame's font module must be initialised."""

    def __init__(self) -> None:
        # Pillow's own font, as in the gifs: lighter than pygame's, and its digits are equally wide.
        font = ImageFont.load_default(NORMAL)
        assert isinstance(font, ImageFont.FreeTypeFont), "this Pillow was built without FreeType"
        self._fonts = {
            size: pygame.font.Font(io.BytesIO(font.font_bytes), size)
            for size in (SMALL, NORMAL, LARGE)
        }
        self._caps: dict[tuple[str, bool], pygame.Surface] = {}

    def text(self, text: str, size: int = NORMAL, colour: Colour = INK) -> pygame.Surface:
        """One line of text, without a background."""
        words = [self._fonts[size].render(word, True, colour) for word in text.split(" ")]
        return beside(words, round(size * SPACE))

    def caps(self, keys: Sequence[str], held: Sequence[str] = ()) -> pygame.Surface:
        """Keys (as pygame names them) as caps beside each other; dark while held."""
        return beside([self._cap(key, key in held) for key in keys], CAP_GAP)

    def hints(self, hints: Sequence[tuple[str, str]], colour: Colour) -> pygame.Surface:
        """Pairs of (keys, what they do) as one small line; the keys stand out."""
        pairs = [
            beside([self.text(keys, SMALL), self.text(meaning, SMALL, colour)], 5)
            for keys, meaning in hints
        ]
        return beside(pairs, 16)

    def _cap(self, key: str, held: bool) -> pygame.Surface:
        if (key, held) not in self._caps:
            self._caps[key, held] = self._drawn_cap(key, *(INK, PAPER) if held else (CAP, INK))
        return self._caps[key, held]

    def _drawn_cap(self, key: str, face: Colour, ink: Colour) -> pygame.Surface:
        label = self.text(key.upper() if len(key) == 1 else key, SMALL, ink)
        width = CAP_HEIGHT if key in _ARROWS else max(CAP_HEIGHT, label.get_width() + 14)
        large = pygame.Surface((width * FINE, CAP_HEIGHT * FINE), pygame.SRCALPHA)
        rim, radius = INK if face == INK else RIM, 6 * FINE
        large.fill((*rim, 0))  # or smoothing would mix the corners with black
        pygame.draw.rect(large, rim, large.get_rect(), border_radius=radius)
        inside = large.get_rect().inflate(-2 * FINE, -2 * FINE)
        pygame.draw.rect(large, face, inside, border_radius=radius - FINE)
        if key in _ARROWS:  # the font has none
            middle = pygame.Vector2(inside.center)
            corners = [middle + pygame.Vector2(corner) * FINE for corner in _ARROWS[key]]
            pygame.draw.polygon(large, ink, corners)
            return pygame.transform.smoothscale(large, (width, CAP_HEIGHT))
        cap = pygame.transform.smoothscale(large, (width, CAP_HEIGHT))
        cap.blit(label, label.get_rect(center=cap.get_rect().center))
        return cap


def beside(surfaces: Sequence[pygame.Surface], gap: int) -> pygame.Surface:
    """Surfaces in one row, their middles on one line, `gap` px apart."""
    width = sum(one.get_width() for one in surfaces) + gap * max(0, len(surfaces) - 1)
    height = max((one.get_height() for one in surfaces), default=0)
    row = pygame.Surface((width, height), pygame.SRCALPHA)
    left = 0
    for one in surfaces:
        row.blit(one, one.get_rect(midleft=(left, height // 2)))
        left += one.get_width() + gap
    return row
