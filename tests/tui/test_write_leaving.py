"""What is written when the Write screen goes, in which order, and what waits for what."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from corpora.errors import InputError
from tests.tui.test_write_documents import opened
from tests.tui.write_help import unsaved_texts, writing
from tui.manuscript.journal import Batch, Journal
from tui.waiting import give_up, to_the_end
from tui.write_settings import load_settings


async def test_file_journal_and_settings_are_written_before_the_engine_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "poem.txt"
    path.write_text("one")
    found: list[object] = []
    async with writing(tmp_path, monkeypatch, autosave=True) as desk:
        await opened(desk, path)
        await desk.press("f10")
        await desk.type("my ")

        async def close() -> None:
            found.append((path.read_text(), unsaved_texts(tmp_path), load_settings(tmp_path)[0].panel))
            await asyncio.sleep(0)

        monkeypatch.setattr(desk.screen.link, "close", close)
        panel = desk.screen.settings.panel
    assert found == [("my one", [], panel)]


async def test_what_comes_first_on_leaving_keeps_nothing_after_it_from_its_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "poem.txt"
    path.write_text("one")

    def fail(*_: object) -> None:
        raise RuntimeError("a wheel came off")

    closed: list[int] = []

    async def close() -> None:
        closed.append(1)

    with pytest.raises(RuntimeError, match="a wheel came off"):
        async with writing(tmp_path, monkeypatch, models=(), autosave=True) as desk:
            await opened(desk, path)
            await desk.type("my ")
            monkeypatch.setattr(desk.screen.link, "close", close)
            monkeypatch.setattr(Journal, "write", fail)
    assert path.read_text() == "my one"
    assert closed == [1]


async def test_a_journal_is_not_written_by_two_at_a_time_though_the_first_waiter_was_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end, together = threading.Event(), threading.Event(), []
    write: Callable[[Journal, Batch], None] = Journal.write
    busy = threading.Lock()

    def slowly(journal: Journal, batch: Batch) -> None:
        if not busy.acquire(blocking=False):
            together.append(batch)
            return
        begun.set()
        may_end.wait(60)
        try:
            write(journal, batch)
        finally:
            busy.release()

    async with writing(tmp_path, monkeypatch, models=()) as desk:
        await desk.until(lambda: desk.screen._journal)
        monkeypatch.setattr(Journal, "write", slowly)
        await desk.type("one")
        first = asyncio.create_task(desk.screen.set_aside())
        await desk.until(begun.is_set)
        await give_up(first)
        desk.screen.editor.type_text(" two")
        second = asyncio.create_task(desk.screen.set_aside())
        await desk.pilot.pause(0.05)
        assert not second.done()
        may_end.set()
        await second
    assert together == []
    assert unsaved_texts(tmp_path) == ["one two"]


async def test_what_is_typed_before_the_journal_is_there_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_begin = threading.Event()
    begin = Journal.__init__

    def late(journal: Journal, file: Path) -> None:
        may_begin.wait(60)
        begin(journal, file)

    monkeypatch.setattr(Journal, "__init__", late)
    async with writing(tmp_path, monkeypatch, models=()) as desk:
        await desk.type("early")
        assert desk.screen._journal is None
        may_begin.set()
        await desk.until(lambda: desk.screen._journal)
        await desk.screen.set_aside()
        assert '"early"' in next((tmp_path / "documents").glob("*.jsonl")).read_text()


async def test_work_goes_to_its_end_though_its_waiter_is_cancelled_and_its_waiter_hears_how_it_went() -> None:
    may_end, done = asyncio.Event(), []

    async def work() -> int:
        await may_end.wait()
        done.append(1)
        return 7

    waiter = asyncio.create_task(to_the_end(work()))
    await asyncio.sleep(0)
    waiter.cancel()
    await asyncio.gather(waiter, return_exceptions=True)
    assert waiter.cancelled() and not done
    may_end.set()
    assert await to_the_end(work()) == 7
    assert done == [1, 1]

    async def fail() -> None:
        raise InputError("no")

    with pytest.raises(InputError):
        await to_the_end(fail())
