"""A continuation that stops where a sentence, a line or a paragraph ends."""

from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora.boundaries import EndFinder, Unit
from engine.protocol import Done, Token
from engine.token_stream import TokenStream
from tests.tui.test_write import take
from tests.tui.write_help import Writing, writing
from tui.screens.write_engine import StreamReader
from tui.widgets.dial_steps import DIALS
from tui.write_settings import StopRule, WriteSettings, load_settings, save_settings


def stopping_at(root: Path, rule: StopRule, length: int = 400) -> None:
    save_settings(WriteSettings(autosave=False, stops_at=rule, length=length), root)


async def turn_to(desk: Writing, rule: StopRule) -> None:
    desk.screen.dials.chosen = [dial.key for dial in DIALS].index("stops_at")
    while desk.screen.settings.stops_at != rule:
        await desk.press("f6")


async def test_a_continuation_stops_where_its_line_ends_and_the_next_one_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopping_at(tmp_path, "line")
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.full_speed()
        await desk.press("ctrl+g")
        await desk.finished()
        assert desk.pending == take(1).partition("\n")[0]
        await desk.press("ctrl+r")
        await desk.finished()
        assert desk.pending == take(2).partition("\n")[0]
        written = desk.screen.editor.manuscript.takes
        assert written is not None and written.shown.recipe is not None
        assert written.shown.recipe.until == "line"
        await desk.until(lambda: len(desk.requests("cancel")) == 2, "the engine stops too")


async def test_where_nothing_ends_the_length_does_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopping_at(tmp_path, "paragraph", length=100)
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.full_speed()
        await desk.press("ctrl+g")
        await desk.finished()
        assert desk.pending == take(1, 100)
        assert desk.screen.status.state.doing == "no end of the paragraph in 100 characters"


async def test_while_it_streams_one_can_have_it_stop_where_the_line_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.type("SLOW START ")
        await desk.press("ctrl+g")
        await desk.until(lambda: desk.requests("stream"))
        await desk.press("alt+h", "alt+h")
        await desk.until(lambda: desk.screen.status.state.doing == "stops where the line ends")
        desk.screen.dials.chosen = 0
        await desk.press("f6")  # a dial that the engine hears of lets the fake service begin
        await desk.finished()
        assert desk.text == "SLOW START " + take(1).partition("\n")[0]


async def test_the_stop_rule_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await turn_to(desk, "paragraph")
        await desk.until(lambda: load_settings(tmp_path)[0].stops_at == "paragraph")


texts = st.text(st.sampled_from('aB. \n’"!1'), max_size=40)


@given(texts, st.lists(st.integers(1, 4), max_size=60), st.sampled_from(["sentence", "line", "paragraph"]))
def test_what_is_read_is_the_text_up_to_its_end_in_whatever_pieces_it_comes(
    text: str, sizes: list[int], unit: Unit
) -> None:
    finder = EndFinder(unit)
    end = finder.push(text)
    end = finder.finish() if end is None else end
    stream = Pieces(text, sizes)
    reader = StreamReader(cast(TokenStream, stream))
    reader.stop_at(EndFinder(unit))
    read = ""
    while not reader.ended and not (stream.done and not stream.left):
        read += reader.read()
    assert read == (text if end is None else text[:end])
    assert reader.ended == (end is not None)


@given(texts, texts)
def test_an_end_is_looked_for_in_what_has_not_been_read_when_the_rule_is_turned(text: str, more: str) -> None:
    stream = Pieces(text + more, [1] * len(text))
    reader = StreamReader(cast(TokenStream, stream))
    reader.stop_at(EndFinder("paragraph"))
    read = ""
    for _ in text:
        if not reader.ended:
            read += reader.read()
    if reader.ended:
        return
    reader.stop_at(None)
    while not (stream.done and not stream.left):
        read += reader.read()
    assert read == text + more


class Pieces:
    """A stream whose text comes in pieces of these sizes, the rest at its end."""

    def __init__(self, text: str, sizes: list[int]) -> None:
        self.left, self._sizes = text, sizes
        self.done: Done | None = None

    def ready(self) -> list[Token]:
        size = self._sizes.pop(0) if self._sizes else len(self.left)
        text, self.left = self.left[:size], self.left[size:]
        if not self.left:
            self.done = Done(stream=1, reason="length", tokens=1, characters=1, seconds=1.0)
        return [Token(stream=1, index=0, id=0, text=text)]
