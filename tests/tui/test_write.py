"""The Write screen by pilot, against the fake service: continuing, keeping, retrying, dials, engines that fail."""

import asyncio
from pathlib import Path

import pytest
from textual import events
from textual.events import MouseScrollUp
from textual.widgets import Static

from engine.client import EngineClient
from tests.tui.fake_service import expected
from tests.tui.recorded import RecordedRun
from tests.tui.write_help import SERVICE, add_model, writing
from tui.commands.key_names import with_keys
from tui.manuscript.lines import Lines
from tui.screens.write_continuing import NO_MODEL, NONE_CHOSEN
from tui.widgets.dial_steps import DIALS
from tui.widgets.dialogs import LineDialog
from tui.widgets.dials import NAME_WIDTH, VALUE_WIDTH
from tui.widgets.key_bar import KeyBar
from tui.write_settings import load_settings

SIZES = [(80, 24), (160, 45)]


def take(seed: int, length: int = 400, temperature: float = 0.8) -> str:
    """What the fake service writes for this seed in so many characters."""
    tokens = 0
    while len(expected(seed, [temperature] * tokens)) < length:
        tokens += 1
    return expected(seed, [temperature] * tokens)


@pytest.mark.parametrize("size", SIZES)
async def test_a_continuation_is_pending_in_its_own_style_until_it_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    async with writing(tmp_path, monkeypatch, size=size) as desk:
        await desk.ready()
        await desk.type("it rained ")
        await desk.press("ctrl+g")
        await desk.until(lambda: len(desk.pending) > 20)
        style = desk.screen.editor.get_component_rich_style("editor--pending", partial=True)
        assert style.italic
        marks = desk.screen.editor.line_marks(0)
        assert [(start, name) for start, _, name in marks] == [(10, "editor--pending")]
        await desk.press("tab")
        assert desk.pending == ""
        assert desk.screen.editor.line_marks(0) == []
        assert desk.text.startswith("it rained " + take(1, 20))


async def test_the_whole_length_arrives_and_what_came_before_is_the_seed_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.full_speed()
        await desk.type("one\ntwo")
        await desk.press("up", "ctrl+g")
        await desk.finished()
        assert desk.text == "one" + take(1) + "\ntwo"
        at = desk.requests("stream")[0]["at"]
        assert isinstance(at, dict)
        assert (at["document"], at["offset"], at["exact"]) == (1, len("one"), False)


async def test_a_kept_continuation_is_undone_and_redone_as_one_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.full_speed()
        await desk.type("rain ")
        await desk.press("ctrl+g")
        await desk.finished()
        await desk.press("tab", "ctrl+z")
        assert desk.text == "rain "
        await desk.press("ctrl+y")
        assert desk.text == "rain " + take(1)
        await desk.press("ctrl+z", "ctrl+z")
        assert desk.text == ""


async def test_dropping_leaves_text_and_the_writers_own_history_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.full_speed()
        await desk.type("rain ")
        await desk.press("ctrl+g")
        await desk.finished()
        await desk.press("ctrl+z")
        assert desk.text == "rain "
        await desk.press("ctrl+z")
        assert desk.text == ""


async def test_escape_stops_and_keeps_the_text_pending_and_again_drops_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.type("rain ")
        await desk.press("ctrl+g")
        await desk.until(lambda: desk.pending)
        await desk.press("escape")
        stopped = desk.pending
        assert not desk.screen.writing
        assert stopped and take(1).startswith(stopped)
        await desk.until(lambda: desk.requests("cancel"))
        await desk.press("escape")
        assert desk.text == "rain "


async def test_escape_in_the_panel_goes_back_to_the_text_before_it_drops_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.press("ctrl+g")
        await desk.until(lambda: desk.pending)
        await desk.press("alt+t", "escape")
        assert not desk.screen.writing
        pending = desk.pending
        assert pending and desk.screen.focused is not desk.screen.editor
        await desk.press("escape")
        assert (desk.pending, desk.screen.focused) == (pending, desk.screen.editor)
        await desk.press("escape")
        assert (desk.pending, desk.text) == ("", "")


async def test_typing_keeps_what_came_and_goes_on_from_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.press("ctrl+g")
        await desk.until(lambda: desk.pending)
        await desk.press("escape")
        came = desk.pending
        await desk.type("X")
        assert (desk.text, desk.pending) == (came + "X", "")
        await desk.press("ctrl+z")
        assert desk.text == came


async def test_typing_while_text_streams_ends_the_stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.press("ctrl+g")
        await desk.until(lambda: desk.pending)
        await desk.type("X")
        text = desk.text
        await desk.until(lambda: desk.requests("cancel"))
        await desk.pilot.pause(0.1)
        assert desk.text == text
        assert text.endswith("X")
        assert not desk.screen.writing


async def test_typing_while_the_model_wakes_ends_the_stream_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        wake, ready = asyncio.Event(), desk.screen.session.ready

        async def slowly() -> EngineClient:
            await wake.wait()
            return await ready()

        monkeypatch.setattr(desk.screen.session, "ready", slowly)
        await desk.press("ctrl+g")
        assert desk.screen.doing() == "waking the model…"
        await desk.type("X")
        await desk.finished()
        assert (desk.text, desk.screen.doing()) == ("X", "")
        wake.set()
        await desk.press("ctrl+g")
        await desk.until(lambda: len(desk.pending) > 20)
        assert desk.text.startswith("X" + take(2, 20))


async def test_retry_shows_another_take_and_the_first_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.full_speed()
        await desk.type("rain ")
        await desk.press("ctrl+g")
        await desk.finished()
        await desk.press("ctrl+r")
        await desk.finished()
        assert desk.text == "rain " + take(2)
        assert "take 2 of 2" in desk.screen.doing()
        await desk.press("alt+p")
        assert desk.text == "rain " + take(1)
        await desk.press("ctrl+n")
        assert desk.text == "rain " + take(2)
        await desk.press("escape", "alt+p")
        assert desk.text == "rain " + take(2)  # a dropped take comes back


async def test_a_fixed_seed_gives_the_same_first_take_and_other_retries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.full_speed()
        desk.screen.dials.chosen = -1  # the last dial: running or fixed
        await desk.press("f6", "ctrl+g")
        await desk.finished()
        await desk.press("ctrl+r")
        await desk.finished()
        await desk.press("tab", "ctrl+g")
        await desk.finished()
        assert [request["seed"] for request in desk.requests("stream")] == [1, 2, 1]


async def test_a_dial_turned_while_text_streams_counts_from_the_next_token_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.press(*["f6"] * 13)  # to 1.45; from 1.5 on the fake service shouts
        await desk.type("SLOW START ")
        await desk.press("ctrl+g")
        await desk.until(lambda: desk.requests("stream"))
        await desk.press("f6")
        await desk.until(lambda: len(desk.pending) > 40)
        assert desk.pending.startswith(take(1, 40, temperature=1.5))
        assert desk.requests("set_dials")[-1]["dials"]["temperature"] == 1.5  # type: ignore[index]


async def test_dials_turn_by_mouse_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        dials = desk.screen.dials
        region = dials.content_region
        plus, minus = region.width - 1, region.width - VALUE_WIDTH - 4
        await desk.pilot.click(dials, offset=(plus, 1))
        await desk.pilot.click(dials, offset=(plus, 1))
        await desk.pilot.click(dials, offset=(minus, 1))
        assert desk.screen.settings.dials.temperature == 0.85
        x, y = region.offset
        dials.post_message(MouseScrollUp(dials, 2, 2, 0, 1, 0, False, False, False, x + 2, y + 1))
        await desk.until(lambda: desk.screen.settings.dials.top_k == 0 and dials.chosen == 1)


async def test_the_help_for_a_dial_is_about_the_one_under_the_pointer_and_goes_when_one_is_turned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch, size=(160, 45)) as desk:
        dials = desk.screen.dials
        assert dials.tooltip is None
        for turn in ("f6", "wheel", "f8"):
            await desk.pilot.hover(dials, offset=(4, 2))
            await desk.pilot.hover(dials, offset=(4, 3))
            assert dials.tooltip == DIALS[2].help
            if turn == "wheel":
                x, y = dials.content_region.offset
                dials.post_message(MouseScrollUp(dials, 3, 2, 0, 1, 0, False, False, False, x + 3, y + 2))
                await desk.pilot.pause()
            else:
                await desk.press(turn)
            assert dials.tooltip is None


@pytest.mark.parametrize("size", SIZES)
async def test_a_dial_is_dragged_a_step_for_each_cell_also_while_text_streams(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    async with writing(tmp_path, monkeypatch, size=size) as desk:
        await desk.ready()
        await desk.type("SLOW START ")
        await desk.press("ctrl+g")
        await desk.until(lambda: desk.requests("stream"))
        dials = desk.screen.dials
        await desk.pilot.mouse_down(dials, offset=(2, 1))
        for column in (4, 9, 7):
            await desk.pilot.hover(dials, offset=(column, 2))
        await desk.pilot.mouse_up(dials, offset=(7, 2))
        assert (desk.screen.settings.dials.temperature, dials.chosen) == (1.05, 0)
        assert not desk.screen.selections, "dragging a dial selects nothing"
        await desk.pilot.hover(dials, offset=(12, 1))
        assert desk.screen.settings.dials.temperature == 1.05, "the button is up"
        assert desk.requests("set_dials")[0]["dials"]["temperature"] == 0.9  # type: ignore[index]


async def test_a_slider_follows_the_pointer_and_shows_where_its_dial_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch, size=(160, 45)) as desk:
        await desk.ready()
        dials = desk.screen.dials

        def slider() -> str:
            return str(dials.render()).split("\n")[0].split("temperature")[1].partition("−")[0].strip()

        width = len(slider())
        start = NAME_WIDTH + 1
        await desk.pilot.mouse_down(dials, offset=(start + width - 1, 1))
        assert (desk.screen.settings.dials.temperature, slider()) == (2.0, "━" * width)
        await desk.pilot.hover(dials, offset=(start, 1))
        assert (desk.screen.settings.dials.temperature, slider()) == (0.0, "─" * width)
        await desk.pilot.hover(dials, offset=(start - 9, 1))
        await desk.pilot.hover(dials, offset=(start + width // 2, 1))
        await desk.pilot.mouse_up(dials, offset=(start + width // 2, 1))
        assert desk.screen.settings.dials.temperature == 1.0
        assert slider() == "━" * (width // 2) + "╸" + "─" * (width // 2)
        await desk.pilot.click(dials, offset=(start, 1), times=2)
        assert desk.pilot.app.screen is not desk.screen, "a double click asks for a value"


async def test_a_dials_value_can_be_typed_and_nonsense_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.press("alt+v", *["backspace"] * 5, "x", "enter")
        assert "not a number" in str(desk.pilot.app.screen.query_one("#problem").render())
        await desk.press("backspace", "1", "full_stop", "3", "enter")
        await desk.until(lambda: desk.screen.settings.dials.temperature == 1.3)


async def test_dials_model_and_panel_are_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with writing(tmp_path, monkeypatch, models=("bard", "crow")) as desk:
        await desk.ready()
        await desk.screen.open_model("bard")
        await desk.until(lambda: desk.screen.session.slug == "bard" and desk.screen.session.at_hand)
        await desk.press("f6", "f10")
        await desk.until(lambda: not load_settings(tmp_path)[0].panel)
    async with writing(tmp_path, monkeypatch, models=()) as desk:
        await desk.ready()
        assert desk.screen.session.slug == "bard"
        assert desk.screen.settings.dials.temperature == 0.85
        assert not desk.screen.query_one("#panel").display


async def test_a_dial_turned_just_before_quitting_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.press("f6")
    assert load_settings(tmp_path)[0].dials.temperature == 0.85


async def test_without_a_model_it_is_an_editor_that_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch, models=()) as desk:
        await desk.until(lambda: desk.notice == with_keys(NO_MODEL, desk.pilot.app))
        await desk.type("alone")
        await desk.press("ctrl+g")
        assert desk.text == "alone"
        assert "F3" in desk.notice
        assert not desk.log.exists()


async def test_a_service_killed_in_the_middle_leaves_the_text_and_the_next_use_starts_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.full_speed()
        await desk.type("DIE AFTER 3 ")
        await desk.press("ctrl+g")
        await desk.finished()
        assert desk.pending == expected(1, [0.8] * 3)
        assert "told to die" in desk.notice and "ctrl+g" in desk.notice
        desk.screen.editor.drop()
        await desk.press(*["backspace"] * 12)
        await desk.press("ctrl+g")
        await desk.finished()
        assert (desk.text, desk.notice) == (take(2), "")


async def test_a_service_that_dies_before_the_first_token_leaves_nothing_pending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.type("DIE AFTER 0 ")
        await desk.press("ctrl+g")
        await desk.finished()
        assert not desk.screen.editor.manuscript.pending
        assert "exit code 7" in desk.notice


async def test_an_engine_that_cannot_start_is_told_in_words_and_typing_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch, command="no-such-engine") as desk:
        await desk.until(lambda: "can't be started" in desk.notice)
        await desk.type("still here ")
        await desk.press("ctrl+g")
        await desk.finished()
        assert desk.text == "still here "


async def test_another_protocol_is_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_SERVICE_PROTOCOL", "99")
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.until(lambda: "same version of Pantoum" in desk.notice)


async def test_a_damaged_model_is_listed_and_says_what_is_wrong_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch, models=("bad",)) as desk:
        (tmp_path / "models" / "bad" / "model.json").write_text("{")
        await desk.until(lambda: "weights.safetensors of bad is damaged" in desk.notice)
        await desk.type("x")
        await desk.press("ctrl+g")
        await desk.finished()
        assert desk.text == "x"
        await desk.screen.open_model("bad")
        await desk.until(lambda: "bad (damaged)" in str(desk.screen.models._options))


async def test_a_models_name_is_shown_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_model(tmp_path, "draft [/b]")
    async with writing(tmp_path, monkeypatch, models=()) as desk:
        await desk.ready()
        assert "draft [/b]" in str(desk.screen.models.query_one("#label", Static).content)


async def test_whoever_chooses_no_model_has_none_until_another_is_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.press("alt+m", "up", "enter")
        await desk.until(lambda: not desk.screen.session.slug)
        await desk.press("f2", "f4")
        await desk.until(lambda: desk.screen.is_current)
        await desk.press("tab")
        assert desk.notice == with_keys(NONE_CHOSEN, desk.pilot.app)
        await desk.press("alt+m", "down", "enter")
        await desk.ready()
        assert (desk.screen.session.slug, desk.notice) == ("bard", "")


async def test_a_model_that_is_not_there_is_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.screen.open_model("ghost")
        await desk.until(lambda: "no model named ghost" in desk.notice)
        assert desk.screen.session.slug == "bard"


async def test_a_model_without_weights_is_not_said_to_be_deleted_however_often_the_list_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch, models=()) as desk:
        RecordedRun(tmp_path, "early").status("training")
        await desk.screen.open_model("early")
        await desk.until(lambda: "early has no weights yet" in desk.notice)
        await desk.screen._list_models()
        assert "early has no weights yet" in desk.notice


async def test_the_engine_command_comes_from_the_environment_without_a_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch, command=f"{SERVICE} ; touch {tmp_path}/shell") as desk:
        await desk.ready()
    assert not (tmp_path / "shell").exists()


async def test_an_engine_command_that_cannot_be_split_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch, command="ssh 'box") as desk:
        await desk.until(lambda: "PANTOUM_ENGINE is not a command line" in desk.notice)


async def test_next_tokens_follow_the_caret_and_one_of_them_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.type("ab")
        await desk.until(lambda: desk.first_token == "b!")
        await desk.press("left")
        await desk.until(lambda: desk.first_token == "a!")
        await desk.press("right")
        await desk.until(lambda: desk.first_token == "b!")
        await desk.press("alt+t", "down", "enter")
        assert desk.text == "abrain "
        here = desk.screen.editor.manuscript.history.here
        assert here.take is not None and (here.take.model, here.take.hash, here.take.chosen) == ("bard", "5eed", True)
        assert desk.screen.editor.provenance(0) == [(2, 7, "editor--model")]
        await desk.press("escape", "ctrl+z")
        assert desk.text == "ab"


async def test_no_key_and_no_token_reads_the_whole_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.full_speed()
        for _ in range(100):
            desk.screen.dials.chosen = [dial.key for dial in DIALS].index("length")
            await desk.press("f6")
            if desk.screen.settings.length == 20_000:
                break
        desk.screen.editor.type_text("A paragraph of the text.\n" * 2000)

        def whole(lines: Lines) -> str:
            raise AssertionError("the whole text was read")

        with monkeypatch.context() as patch:
            patch.setattr(Lines, "text", property(whole))
            await desk.press("ctrl+g")
            await desk.until(lambda: len(desk.pending) > 2000)
            await desk.press("up", "left")
            await desk.type("typed")
            await desk.press("backspace", "enter", "ctrl+z", "ctrl+y", "pageup")
        assert "typed" not in desk.text and "type" in desk.text


@pytest.mark.parametrize("size", SIZES)
async def test_everything_has_room_on_the_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    async with writing(tmp_path, monkeypatch, size=size) as desk:
        await desk.ready()
        screen = desk.screen
        assert screen.editor.content_size.width >= 48
        assert screen.dials.content_size.height >= min(len(DIALS), 9)
        assert screen.next_tokens.content_size.height >= 6
        assert screen.query_one(KeyBar).region.bottom == size[1]
        await desk.press("f10")
        assert screen.editor.content_size.width >= min(size[0], 92) - 8


async def test_control_characters_never_reach_the_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        desk.screen.editor.type_text("a\x1b[2Jb\x07\x9b\x0c\u2028c")
        strip = desk.screen.editor.render_line(0)
        assert "\x1b" not in strip.text and "␛[2Jb␇" in strip.text
        assert desk.text == "a\x1b[2Jb\x07\x9b\x0c\u2028c"


@pytest.mark.parametrize(("key", "action"), [("ctrl+g", "continue_text"), ("f9", "save"), ("escape", "hide_notice")])
async def test_a_key_of_the_screen_comes_before_what_is_typed_after_it_in_the_same_instant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, action: str
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        desk.screen.say("Something.", "other")
        texts: list[str] = []
        monkeypatch.setattr(desk.screen, f"action_{action}", lambda: texts.append(desk.text))
        for name in ("a", key, "b"):
            desk.pilot.app.post_message(events.Key(name, name if len(name) == 1 else None))
        await desk.until(lambda: desk.text == "ab")
        await desk.until(lambda: texts)
        assert texts == ["a"]


async def test_a_key_that_comes_once_a_question_lies_on_the_text_is_not_the_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        saved: list[int] = []
        monkeypatch.setattr(desk.screen, "action_save", lambda: saved.append(1))
        await desk.pilot.app.push_screen(LineDialog("What?"))
        assert not await desk.screen.editor._obey("f9")
        assert not saved
