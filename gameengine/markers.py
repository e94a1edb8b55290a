"""Tables that a program writes into a file which people write, too."""

from __future__ import annotations

from pathlib import Path

from data_gen.atomic import write_text
from data_gen.errors import UserError


def markers(name: str) -> tuple[str, str]:
    """The lines between which the tables called `name` stand."""
    return f"<!-- {name} -->", f"<!-- /{name} -->"


def write_between(path: Path, name: str, body: str) -> None:
    """Put `body` between the markers in `path`, at its end if there are none; all else stays.
    Raises UserError for markers that do not match."""
    begin, end = markers(name)
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read {path}: {error}") from error
    before, begun, rest = text.partition(begin)
    _, ended, after = rest.partition(end)
    if bool(begun) != bool(ended) or (not begun and end in text):
        raise UserError(f"{path} has one of the lines {begin} and {end}, not both in this order")
    if not begun:
        before, after = text.rstrip("\n") + "\n\n" * bool(text.strip()), "\n"
    write_text(path, f"{before}{begin}\n{body}{end}{after}")
