"""The model is deleted while the Write screen is open on it."""

import shutil
from pathlib import Path

import pytest

from engine.folder import ModelFolder, ModelLibrary
from tests.tui.write_help import Writing, writing
from tui.commands.key_names import with_keys
from tui.screens.write_continuing import NONE_CHOSEN

ANOTHER = "Choose another model with alt+m"


def delete(root: Path, name: str = "bard") -> None:
    shutil.rmtree(root / "models" / name)


async def lost(desk: Writing) -> None:
    await desk.until(lambda: "bard is no longer there" in desk.notice and ANOTHER in desk.notice)
    await desk.until(lambda: desk.screen.session.slug == "")


@pytest.mark.parametrize("keys", [("ctrl+g",), ("tab",), ("alt+i",), ("alt+w",), ("alt+e",)])
async def test_whatever_is_asked_of_a_deleted_model_is_answered_by_a_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: tuple[str, ...]
) -> None:
    async with writing(tmp_path, monkeypatch, models=("bard", "crow")) as desk:
        await desk.screen.open_model("bard")
        await desk.until(lambda: desk.screen.session.slug == "bard" and desk.screen.session.at_hand)
        await desk.type("my words")
        delete(tmp_path)
        await desk.press(*keys)
        await lost(desk)
        assert desk.text == "my words"
        assert not desk.screen.editor.manuscript.pending
        assert "'bard'" not in str(desk.screen.models._options)
        await desk.press("ctrl+g")
        assert desk.notice == with_keys(NONE_CHOSEN, desk.pilot.app)
        desk.screen.models.value = "crow"
        await desk.until(lambda: desk.screen.session.slug == "crow" and desk.screen.session.at_hand)
        assert desk.notice == ""
        await desk.press("ctrl+g")
        await desk.until(lambda: desk.pending)


async def test_typing_on_says_once_that_the_model_is_gone_and_then_asks_nothing_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        delete(tmp_path)
        await desk.type("my")
        await lost(desk)
        await desk.press("escape")
        asked = len(desk.requests("next"))
        await desk.type(" words")
        await desk.pilot.pause(0.4)
        assert (desk.text, desk.notice, len(desk.requests("next"))) == ("my words", "", asked)


async def test_a_model_that_comes_back_from_the_trash_is_chosen_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch, models=("bard", "crow")) as desk:
        await desk.screen.open_model("bard")
        await desk.until(lambda: desk.screen.session.slug == "bard" and desk.screen.session.at_hand)
        library = ModelLibrary(tmp_path)
        await desk.press("f2")
        trashed = library.remove(ModelFolder(tmp_path / "models" / "bard"))
        await desk.press("f4")
        # The list of models or the engine: who looks first, tells.
        await desk.until(
            lambda: any(told in desk.notice for told in ("no model named bard", "bard is no longer there"))
        )
        await desk.until(lambda: desk.screen.session.slug == "")
        await desk.press("f2")
        library.restore(trashed)
        await desk.press("f4")
        await desk.until(lambda: desk.screen.session.slug == "bard" and desk.screen.session.at_hand)
        await desk.until(lambda: desk.notice == "")


async def test_what_a_model_streams_when_it_is_deleted_goes_on_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.type("SLOW START ")
        await desk.press("ctrl+g")
        await desk.until(lambda: desk.screen._reader is not None)
        delete(tmp_path)
        await desk.press("f6")  # a turned dial: the first token comes
        await desk.until(lambda: len(desk.pending) > 20)
        await desk.press("escape", "tab")
        await desk.until(lambda: not desk.screen.editor.manuscript.pending)
        assert len(desk.text) > len("SLOW START ")
