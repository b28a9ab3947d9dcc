"""Two sentences that want the same line: what went wrong is never hidden by what is said elsewhere."""

from pathlib import Path

import pytest

from corpora.errors import InputError
from tests.tui.write_help import writing
from tui.screens.write_desk import Trouble
from tui.widgets.key_bar import KeyBar
from tui.widgets.notice import Notice

FULL = "story.txt can't be saved: the disk is full."


async def test_what_went_wrong_stays_above_what_is_said_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        desk.screen.say(FULL, "saving", wrong=True)
        desk.screen.say("Exported to story.html.")
        assert desk.notice == f"{FULL}\nExported to story.html."
        desk.screen.say("There are no unsaved texts.")
        assert desk.notice == f"{FULL}\nThere are no unsaved texts."


async def test_news_of_one_thing_ends_only_what_was_said_of_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        desk.screen.say(FULL, "saving", wrong=True)
        desk.screen.say("The engine failed.", "model", wrong=True)
        assert FULL in desk.notice and "engine" in desk.notice
        await desk.press("ctrl+g")
        await desk.until(lambda: desk.pending)
        assert desk.notice == FULL
        desk.screen.say("", "saving")
        assert desk.notice == ""


async def test_the_end_of_one_thing_leaves_what_was_just_said_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        desk.screen.say("Exported to story.html.")
        desk.screen.say("", "saving")  # as after any save that went well
        assert desk.notice == "Exported to story.html."


async def test_a_file_that_changed_outside_is_told_of_until_the_next_news_of_the_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        desk.screen.say("story.txt was changed by another program.", "text", lasting=True)
        await desk.press("tab")
        await desk.until(lambda: desk.screen.suggesting)
        assert "changed by another program" in desk.notice
        desk.screen.say("Exported to story.html.")
        assert "changed by another program" in desk.notice
        desk.screen.say("", "text")
        assert "changed" not in desk.notice


async def test_escape_takes_messages_away_but_only_once_it_has_nothing_else_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        desk.screen.say(FULL, "saving", wrong=True)
        await desk.press("tab")
        await desk.until(lambda: desk.screen.suggesting)
        await desk.press("escape")
        assert not desk.screen.suggesting
        assert desk.notice == FULL
        await desk.press("escape")
        assert desk.notice == ""
        assert not desk.screen.check_action("hide_notice", ())


async def test_the_key_that_hides_messages_is_shown_with_them_in_a_small_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch, size=(80, 24)) as desk:
        await desk.ready()
        keys = desk.screen.query_one(KeyBar)
        assert "Hide message" not in keys.render_line(0).text
        desk.screen.say(FULL, "saving", wrong=True)
        await desk.until(lambda: "Hide message" in keys.render_line(0).text, "the key")
        await desk.press("escape")
        await desk.until(lambda: "Hide message" not in keys.render_line(0).text, "no key")


async def test_trouble_that_goes_on_is_not_told_again_after_it_was_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        trouble = Trouble(desk.screen, "saving")
        trouble.failed(InputError(FULL))
        desk.screen.notice.clear()
        trouble.failed(InputError(FULL))
        assert desk.notice == ""
        trouble.over()
        trouble.failed(InputError(FULL))
        assert desk.notice == FULL


def test_what_is_said_of_two_topics_alike_is_said_once() -> None:
    notice = Notice()
    notice.say("The disk is gone.", "saving", "wrong")
    notice.say("There is no model.", "model", "lasting")
    notice.say("The disk is gone.", "text", "wrong")
    assert notice.sentence == "The disk is gone.\nThere is no model."
    notice.say("", "text")
    assert notice.about("saving") == "The disk is gone." and "gone" in notice.sentence
