"""Ghost text by pilot: suggested at the caret, no text until it is accepted, by the word, the line or whole."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.events import Key

from engine.client import EngineClient
from engine.protocol import Growing, GrownTake, Takes, TakesParams
from engine.settings import Dials
from tests.tui.fake_service import expected
from tests.tui.write_help import Writing, writing
from tui.manuscript.ghost import Ghost
from tui.manuscript.takes import Take
from tui.screens import write_suggest
from tui.widgets.next_tokens import NextTokensPanel
from tui.write_settings import SEEDS, WriteSettings, save_settings


def shown(desk: Writing) -> str:
    """The rows of the editor as they are painted, without the spaces at their ends."""
    editor = desk.screen.editor
    return "\n".join(editor.render_line(y).text.rstrip() for y in range(editor.page_rows)).rstrip()


def ghost(desk: Writing) -> str:
    return desk.screen.editor.ghost.text if desk.screen.editor.ghost else ""


def line(seed: int) -> str:
    """The fake service's take of this seed, up to its line's end."""
    return expected(seed, [0.8] * 20).split("home\n")[0] + "home"


async def suggested(desk: Writing, takes: int = 5) -> None:
    await desk.until(lambda: desk.screen.editor.ghost and len(desk.screen.editor.ghost.takes) == takes, "the takes")
    await desk.until(lambda: desk.screen._fetching is None, "the end of fetching")


def give(desk: Writing, *texts: str) -> None:
    desk.screen.editor.show_ghost([Take("bard", number, Dials(), text) for number, text in enumerate(texts)])


async def test_tab_suggests_and_tab_accepts_as_one_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.type("so ")
        await desk.press("tab")
        await suggested(desk)
        assert (desk.text, ghost(desk)) == ("so ", line(1))
        await desk.press("tab")
        assert (desk.text, ghost(desk)) == ("so " + line(1), "")
        await desk.press("ctrl+z")
        assert desk.text == "so "


async def test_takes_are_turned_and_picked_by_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.press("ctrl+@")
        await suggested(desk)
        seen = []
        for key in ("down", "alt+n", "up", "alt+p", "up", "alt+3"):
            await desk.press(key)
            assert desk.screen.editor.ghost is not None
            seen.append(desk.screen.editor.ghost.number)
        assert seen == [2, 3, 2, 1, 5, 3]
        assert "suggestion 3 of 5" in desk.screen.doing()


async def test_ghost_text_stands_in_the_middle_of_a_line_and_what_follows_flows_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.type("ab\ncd")
        await desk.press("up", "left")
        give(desk, "one\ntwo ")
        assert shown(desk) == "aone\ntwo b\ncd"
        style = desk.screen.editor.get_component_rich_style("editor--ghost", partial=True)
        assert style.dim and style.italic  # it must not look like text
        await desk.press("escape")
        assert (shown(desk), desk.text) == ("ab\ncd", "ab\ncd")


async def test_typing_what_the_ghost_says_consumes_it_and_anything_else_dismisses_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        give(desk, "rain", "road", "snow")
        await desk.press("r")
        assert (desk.text, ghost(desk), shown(desk)) == ("r", "ain", "rain")
        await desk.press("o")
        assert (desk.text, ghost(desk)) == ("ro", "ad")
        await desk.press("x")
        assert (desk.text, ghost(desk), shown(desk)) == ("rox", "", "rox")


async def test_words_and_lines_are_accepted_one_by_one_each_as_a_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        give(desk, "rain on\nthe mill\nand")
        texts = []
        for key in ("ctrl+right", "alt+f", "ctrl+l", "alt+l"):
            await desk.press(key)
            texts.append(desk.text)
        assert texts == ["rain", "rain on", "rain on\nthe mill", "rain on\nthe mill\nand"]
        assert ghost(desk) == ""
        for text in reversed(["", *texts[:-1]]):
            await desk.press("ctrl+z")
            assert desk.text == text


async def test_moving_away_dismisses_a_ghost_and_what_was_seen_of_it_is_a_branch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.type("ab")
        give(desk, "rain", "snow", "never looked at")
        await desk.press("down", "left")
        assert ghost(desk) == ""
        here = desk.screen.editor.manuscript.history.here
        assert [child.said for child in here.children] == ["rain", "snow"]


async def test_tab_says_what_is_missing_where_there_is_no_model_and_what_is_typed_stays_in_the_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch, models=()) as desk:
        await desk.until(lambda: "no model yet" in desk.notice)
        desk.screen.notice.clear()
        await desk.press("tab")
        assert "no model yet" in desk.notice
        await desk.press("x")
        assert desk.text == "x"
        await desk.press("shift+tab")
        assert desk.screen.focused is not desk.screen.editor


async def test_a_service_that_dies_leaves_no_ghost_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.type("DIE AFTER 0 ")
        await desk.press("tab")
        await desk.until(lambda: "exit code 7" in desk.notice)
        assert desk.screen.editor.ghost is None


async def test_what_a_model_wrote_is_coloured_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.type("mine")
        give(desk, " yours")
        await desk.press("tab", "left", "left", "X", "alt+o")
        assert desk.screen.settings.colours == "provenance"
        marks = [(4, 8, "editor--model"), (8, 9, "editor--edited"), (9, 11, "editor--model")]
        assert desk.screen.editor.line_marks(0) == marks
        assert desk.screen.status.state.own == pytest.approx(5 / 11)
        while desk.screen.settings.colours != "none":
            await desk.press("alt+o")
        assert desk.screen.editor.line_marks(0) == []


async def test_siblings_are_gone_to_by_key_and_by_the_screen_of_branches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        give(desk, "rain", "snow")
        await desk.press("down", "tab")
        assert desk.text == "snow"
        await desk.press("alt+j")
        assert desk.text == "rain"
        await desk.press("alt+k")
        assert desk.text == "snow"
        await desk.press("alt+g")
        await desk.until(lambda: desk.pilot.app.screen is not desk.screen)
        await desk.pilot.pause()
        await desk.press("slash", "r", "a", "i", "enter", "p", "enter")
        await desk.until(lambda: desk.text == "rain", "the branch that was searched for")
        assert desk.screen.editor.manuscript.history.here.pinned


def test_chinese_is_accepted_character_by_character() -> None:
    found = Ghost((0, 0), [Take("bard", 1, Dials(), "風雨。他來了")])
    parts = []
    while part := found.part("word"):
        parts.append(part)
        if not found.consume(part, (0, 0)):
            break
    assert parts == ["風", "雨。", "他", "來", "了"]


def test_a_growing_ghost_shows_a_take_that_says_more_where_the_shown_one_is_typed() -> None:
    found = Ghost((0, 0), [Take("bard", 1, Dials(), "ra"), Take("bard", 2, Dials(), "rain on")])
    found.growing = True
    assert found.consume("ra", (0, 2))
    assert found.text == "in on"
    found.settle(found.takes)
    assert [take.text for take in found.takes] == ["rain on"]


async def test_a_take_knows_the_weights_that_made_it_and_whether_all_before_it_had_been_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        desk.screen.editor.type_text("so " * 400)
        await desk.press("tab")
        await suggested(desk)
        await desk.press("tab", "ctrl+g")
        await desk.until(lambda: desk.pending)
        assert desk.screen.doing() == "writing… · from the last page"
        await desk.press("escape")  # long before its end
        assert desk.screen.doing() == "take 1 of 1 · from the last page"
        await desk.press("tab")
        suggestion, continuation = [
            node.take for node in reversed(desk.screen.editor.manuscript.history.here.path()[:2])
        ]
        assert suggestion is not None and (suggestion.hash, suggestion.exact) == ("5eed", False)
        assert continuation is not None and (continuation.hash, continuation.exact) == ("5eed", False)


@pytest.mark.parametrize(
    ("seed", "fixed", "drawn", "after"),
    [
        (SEEDS[1], True, SEEDS[1] - 4, SEEDS[1]),
        (SEEDS[1] - 2, False, SEEDS[1] - 4, 0),
        (SEEDS[1] - 4, False, SEEDS[1] - 4, 0),
        (SEEDS[1] - 5, False, SEEDS[1] - 5, SEEDS[1]),
    ],
)
async def test_seeds_up_to_the_last_one_give_all_suggestions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, fixed: bool, drawn: int, after: int
) -> None:
    save_settings(WriteSettings(seed=seed, seed_fixed=fixed, autosave=False), tmp_path)
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.press("tab")
        await suggested(desk)
        assert [request["seed"] for request in desk.requests("takes")] == [drawn]
        assert desk.screen.settings.seed == after


@pytest.mark.parametrize("seed_fixed", [True, False])
async def test_the_last_seed_of_all_is_continued_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed_fixed: bool
) -> None:
    save_settings(WriteSettings(seed=SEEDS[1], seed_fixed=seed_fixed, autosave=False), tmp_path)
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.press("ctrl+g")
        await desk.until(lambda: desk.requests("stream"))
        assert [request["seed"] for request in desk.requests("stream")] == [SEEDS[1]]
        assert desk.screen.settings.seed == (SEEDS[1] if seed_fixed else 0)


@pytest.mark.parametrize("keys", [["down"] * 4, ["alt+n"] * 4, ["ctrl+n"] * 4, ["alt+4", "alt+5"], ["alt+4", "click"]])
async def test_the_next_batch_comes_behind_the_last_take_once_that_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: list[str]
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.type("so ")
        await desk.press("tab")
        await suggested(desk)
        await desk.press(*keys[:-1])
        assert len(desk.requests("takes")) == 1
        if keys[-1] == "click":
            desk.screen.next_tokens.post_message(NextTokensPanel.TakePicked(5))
        else:
            await desk.press(keys[-1])
        # The fake service has eight different takes; those that say the same as one that is there are left out.
        await desk.until(
            lambda: desk.screen.editor.ghost and len(desk.screen.editor.ghost.takes) == 8, "the next batch"
        )
        assert [request["seed"] for request in desk.requests("takes")] == [1, 6]
        await desk.press("down")
        assert desk.screen.editor.ghost is not None and desk.screen.editor.ghost.number == 6
        assert ghost(desk) == line(6)


async def test_in_the_panel_the_keys_are_the_panels_also_while_a_suggestion_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch, models=("bard", "clerk")) as desk:
        await desk.ready()
        give(desk, "rain", "road")
        await desk.press("alt+m")
        await desk.press("down", "enter")
        await desk.until(lambda: desk.screen.session.slug == "clerk", "the other model is chosen")
        assert desk.screen.focused is desk.screen.editor
        await desk.press("r")
        assert desk.text == "r"


async def test_whoever_chooses_the_model_that_is_chosen_goes_on_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        for key in ("enter", "escape"):
            await desk.press("alt+m", key)
            await desk.until(lambda: desk.screen.focused is desk.screen.editor, "the text has the focus")


@pytest.mark.parametrize(("lines", "rows"), [(4, 4), (60, 15)])
async def test_a_ghost_at_the_foot_of_the_page_is_scrolled_to_as_far_as_the_caret_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: int, rows: int
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        editor = desk.screen.editor
        editor.replace("\n".join(f"line {number}" for number in range(100)) + "\n", (0, 0), (0, 0))
        await desk.press("ctrl+end")
        give(desk, "\n".join(f"ghost {number}" for number in range(lines)))
        await desk.pilot.pause()
        page = [editor.render_line(y).text.strip() for y in range(editor.size.height)]
        assert "ghost 0" in page
        assert sum(row.startswith("ghost") for row in page) >= rows


@pytest.mark.parametrize(
    ("keys", "text", "ghosts"),
    [
        (["r", "a"], "so ra", ["in on"]),
        (["ctrl+right"], "so ra", ["in on"]),
        (["tab"], "so ra", ["in on"]),
        (["r", "o"], "so ro", ["ad"]),
        (["r"], "so r", ["ain on", "oad"]),
    ],
)
async def test_suggestions_that_are_typed_along_or_accepted_while_they_grow_still_grow_to_their_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: list[str], text: str, ghosts: list[str]
) -> None:
    on = asyncio.Event()
    texts = ("rain on", "road", "s")

    async def takes(_: object, params: TakesParams, growing: Callable[[Growing], None]) -> Takes:
        growing(Growing(request=1, texts=("ra", "ro", "s"), exact=True))
        await on.wait()
        made = [
            GrownTake(text=each, seed=params.seed + n, tokens=3, surprisal=2.0, reason="end")
            for n, each in enumerate(texts)
        ]
        return Takes(takes=tuple(made), exact=True, seconds=0.1)

    monkeypatch.setattr(EngineClient, "takes", takes)
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.type("so ")
        await desk.press("tab")
        await desk.until(lambda: ghost(desk) == "ra", "the takes grow")
        await desk.press(*keys)
        on.set()
        await desk.until(lambda: not desk.screen.fetching, "the end of fetching")
        assert desk.text == text
        there = desk.screen.editor.ghost
        assert there is not None and [take.text[len(there.typed) :] for take in there.takes] == ghosts


async def test_a_ghost_that_was_typed_to_its_end_while_it_grew_goes_once_that_is_certain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        give(desk, "ra")
        there = desk.screen.editor.ghost
        assert there is not None
        there.growing = True
        await desk.type("ra")
        assert desk.screen.editor.ghost is there and not there.text
        await desk.type("x")  # what no take says
        assert (desk.text, ghost(desk), shown(desk)) == ("rax", "", "rax")
        assert not desk.screen.suggesting


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        (["r", "tab"], "rain"),
        (["r", "a", "tab", "!"], "rain!"),
        (["x", "left", "y", "right", "z"], "yxz"),
        (["a", "b", "backspace", "c", "ctrl+z", "d"], "ad"),
        (["a", "enter", "b", "up", "c", "delete", "d"], "acdb"),
    ],
)
async def test_keys_that_come_at_once_count_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: list[str], text: str
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        give(desk, "rain")
        for key in keys:
            desk.pilot.app.post_message(Key(key, key if len(key) == 1 else None))
        await desk.pilot.pause()
        await desk.pilot.pause()
        assert desk.text == text


async def test_turned_on_suggestions_come_by_pausing_and_at_once_to_whoever_pauses_already(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_suggest, "PAUSE", 0.01)
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.type("so ")
        await desk.press("alt+y")
        await suggested(desk)
        await desk.press("escape")
        assert ghost(desk) == ""
        await desk.type("x")
        await suggested(desk)
        await desk.press("escape", "alt+y", "y")
        await desk.pilot.pause(0.05)
        assert ghost(desk) == ""
