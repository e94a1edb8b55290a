"""What a person who waits for a certificate sees."""

from __future__ import annotations

import sys
from typing import Any

from tqdm import tqdm


class Bars:
    """Progress bars and lines for a person who waits; none of them if `quiet`, and no bars where
    stderr is no terminal."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet

    def say(self, line: str) -> None:
        if not self._quiet:
            tqdm.write(line, sys.stderr)

    def bar(self, what: str, total: int | None, done: int = 0) -> Any:
        hidden = self._quiet or not sys.stderr.isatty()
        return tqdm(desc=what, total=total, initial=done, unit_scale=True, disable=hidden)
