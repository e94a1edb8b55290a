"""docs/life_backwards.md: its Python runs from top to bottom in one namespace, prints what stands
below it and nothing else, and its commands are real."""

from __future__ import annotations

import io
import re
import shlex
from contextlib import redirect_stdout
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from experiment_scripts import script

from gameengine import play
from gameengine.certify.__main__ import main as certify
from gameengine.infer.__main__ import main as infer

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "life_backwards.md"
TEXT = PAGE.read_text(encoding="utf-8")
NEEDS_SOLVER = '"sat"', "--sat"


class Block(NamedTuple):
    line: int
    source: str
    printed: str


def blocks(text: str) -> list[Block]:
    """Each block of Python, and the block of text that follows it at once, or nothing."""
    pattern = r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?"
    return [
        Block(text[: found.start(1)].count("\n"), found[1], found[2] or "")
        for found in re.finditer(pattern, text, re.MULTILINE | re.DOTALL)
    ]


def run(block: Block, namespace: dict[str, Any]) -> str:
    """What it prints. Tracebacks name the line of the page."""
    code = compile("\n" * block.line + block.source, str(PAGE), "exec")
    with redirect_stdout(io.StringIO()) as printed:
        exec(code, namespace)
    return printed.getvalue()


def can_be_done(text: str) -> bool:
    return find_spec("pysat") is not None or not any(word in text for word in NEEDS_SOLVER)


def test_no_block_is_overlooked() -> None:
    found = blocks(TEXT)
    assert len(found) == TEXT.count("```python")
    assert sum(bool(block.printed) for block in found) == TEXT.count("```text")


def test_the_page_prints_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)  # where the reader is
    namespace: dict[str, Any] = {"__name__": "tutorial"}
    for block in blocks(TEXT):
        if can_be_done(block.source):
            assert run(block, namespace) == block.printed, f"line {block.line} of {PAGE.name}"


def test_another_output_would_be_noticed() -> None:
    said = "```python\nprint(1 + 1)\n```\n\n```text\n3\n```\n"
    (block,) = blocks(said)
    assert (block.line, block.printed) == (1, "3\n")
    assert run(block, {}) == "2\n"


def commands() -> list[list[str]]:
    lines = re.findall(r"^\$ \.venv/bin/python ?(.*)$", TEXT, re.MULTILINE)
    return [shlex.split(line) for line in lines]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_the_commands_run(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(ROOT)
    match words:
        case []:
            pass
        case ["-m", "gameengine.infer", *arguments]:
            if not can_be_done(" ".join(arguments)):
                pytest.skip("needs python-sat")
            code = infer([*arguments, "--threads", "1", "--out", str(tmp_path)])
            assert code == (1 if "descent" in arguments else 0)
            assert "exact" in capsys.readouterr().out or code
            assert (tmp_path / "infer.gif").is_file()
        case ["-m", "gameengine.certify", *arguments]:
            assert certify([*arguments, "--out", str(tmp_path)]) == 0
        case ["-m", "gameengine.play", *arguments]:
            play.main([*arguments, "--ticks", "3", "--record", str(tmp_path / "play.gif")])
        case ["experiments/composed.py", *arguments]:
            gif = tmp_path / "out.gif"  # not the page's own; what is given last counts
            code = script("composed").main([*arguments, "--ticks", "20", "--gif", str(gif)])
            assert code == 0
            assert gif.is_file()
        case ["experiments/run.py", *arguments]:
            from gameengine.training import train

            with pytest.raises(SystemExit) as ended:
                train([*arguments, "--print_config"], None)
            assert ended.value.code in (0, None)
            assert "CellEngine" in capsys.readouterr().out
        case _:
            pytest.fail(f"nobody tests {words}")


def test_all_that_is_linked_is_there() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", TEXT)
    assert len(links) >= 7
    for link in links:
        assert (PAGE.parent / link).is_file(), link
    assert (ROOT / "assets" / "garden.gif").stat().st_size < 100_000
    assert "docs/life_backwards.md" in (ROOT / "README.md").read_text(encoding="utf-8")
