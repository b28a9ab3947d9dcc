"""The editor by pilot: keys and mouse, clusters, long texts, and what it costs."""

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Size
from textual.pilot import Pilot
from textual.strip import Strip

from engine.settings import Dials
from tui.manuscript.lines import Lines
from tui.manuscript.manuscript import Manuscript
from tui.manuscript.takes import Take
from tui.widgets.editor import Editor
from tui.widgets.editor_rows import _Block
from tui.widgets.editor_wrap import Breaks

FAMILY = "👨‍👩‍👧"


class Page(App[None]):
    """Nothing but an editor."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.editor = Editor(placeholder="Write.")
        self.first = text

    def compose(self) -> ComposeResult:
        yield self.editor

    def on_mount(self) -> None:
        self.editor.open(Manuscript(self.first))
        self.editor.focus()


def text(pilot: Pilot[None]) -> str:
    assert isinstance(pilot.app, Page)
    return pilot.app.editor.manuscript.text


def rows(editor: Editor) -> list[str]:
    return [editor.render_line(y).text.rstrip() for y in range(editor.page_rows)]


@pytest.mark.parametrize(
    ("before", "keys", "after", "caret"),
    [
        (f"a{FAMILY}b", ["end", "left", "left", "x"], f"ax{FAMILY}b", (0, 2)),
        (f"a{FAMILY}b", ["end", "left", "backspace"], "ab", (0, 1)),
        ("e\u0301x", ["delete"], "x", (0, 0)),
        ("字字", ["right", "shift+right", "y"], "字y", (0, 2)),
        ("one two three", ["end", "ctrl+w", "ctrl+w"], "one ", (0, 4)),
        ("one two", ["ctrl+right", "alt+delete"], "one", (0, 3)),
        ("one\ntwo\nthree", ["down", "ctrl+shift+k"], "one\nthree", (1, 0)),
        ("one\ntwo", ["down", "ctrl+x", "ctrl+v"], "one\ntwo\n", (2, 0)),
        ("one\ntwo", ["ctrl+k", "ctrl+k"], "two", (0, 0)),
        ("one two", ["end", "ctrl+u"], "", (0, 0)),
        ("one two", ["end", "shift+backspace", "shift+enter", "shift+space", "x"], "one tw\n x", (1, 2)),
        ("one two", ["shift+delete"], "ne two", (0, 0)),
        ("\u0301x", ["e", "y"], "e\u0301yx", (0, 3)),
        ("one\ntwo", ["shift+down", "ctrl+c", "ctrl+end", "ctrl+v"], "one\ntwoone\n", (2, 0)),
        ("one", ["ctrl+end", "enter", "x", "ctrl+home", "y"], "yone\nx", (0, 1)),
        ("שלום", ["right", "backspace"], "לום", (0, 0)),
        ("cafe\u0301 x", ["ctrl+right", "ctrl+right", "y"], "cafe\u0301 xy", (0, 8)),
        ("cafe\u0301 x", ["ctrl+right", "alt+b", "y"], "ycafe\u0301 x", (0, 1)),
        ("हिन्दी x", ["ctrl+delete"], " x", (0, 0)),
        ("שָׁלוֹם x", ["end", "ctrl+w", "ctrl+w"], "", (0, 0)),
        ("می\u200cشود x", ["ctrl+right", "y"], "می\u200cشودy x", (0, 7)),
        ("a🏽b c", ["ctrl+right", "y"], "a🏽yb c", (0, 3)),
        ("床前明月光，疑是地上霜", ["end", "ctrl+w", "ctrl+w"], "床前明月光，疑是地", (0, 9)),
        ("床前明月光，疑是", ["ctrl+right", "ctrl+right", "alt+delete"], "床前月光，疑是", (0, 2)),
        ("a " + "b" * 3000, ["ctrl+end", "ctrl+left", "y"], "a y" + "b" * 3000, (0, 3)),
        ("a" + " " * 3000, ["ctrl+end", "ctrl+left", "y"], "ya" + " " * 3000, (0, 1)),
        ("か\u3099く", ["ctrl+right", "y"], "か\u3099yく", (0, 3)),
        ("one\n\ntwo", ["ctrl+down", "x", "ctrl+up"], "one\n\nxtwo", (2, 0)),
    ],
)
async def test_keys_do_what_they_do_everywhere_by_clusters(
    before: str, keys: list[str], after: str, caret: tuple[int, int]
) -> None:
    async with Page(before).run_test(size=(40, 10)) as pilot:
        await pilot.press(*keys)
        assert (text(pilot), pilot.app.query_one(Editor).caret) == (after, caret)


async def test_up_and_down_go_by_rows_and_hold_their_column() -> None:
    async with Page("aaaa bbbb\nc\ndddd eeee").run_test(size=(9, 10)) as pilot:
        editor = pilot.app.query_one(Editor)
        assert rows(editor)[:5] == ["aaaa", "bbbb", "c", "dddd", "eeee"]
        await pilot.press("right", "right", "right")
        places = []
        for key in ("down", "down", "down", "down", "up", "up"):
            await pilot.press(key)
            places.append(editor.caret)
        assert places == [(0, 8), (1, 1), (2, 3), (2, 8), (2, 3), (1, 1)]


async def test_a_double_click_takes_a_word_a_triple_one_a_line_and_a_drag_what_it_passes() -> None:
    async with Page("one two three\nfour").run_test(size=(40, 10)) as pilot:
        editor = pilot.app.query_one(Editor)
        await pilot.click(editor, offset=(5, 0))
        assert editor.caret == (0, 5)
        await pilot.click(editor, offset=(5, 0))
        assert editor.selected_text == "two"
        await pilot.click(editor, offset=(5, 0))
        assert editor.selected_text == "one two three\n"
        await pilot.mouse_down(editor, offset=(1, 0))
        await pilot.hover(editor, offset=(2, 1))
        await pilot.mouse_up(editor, offset=(2, 1))
        assert editor.selected_text == "ne two three\nfo"


@pytest.mark.parametrize(
    ("line", "cell", "word"),
    [("one cafe\u0301 x", 6, "cafe\u0301"), ("हिन्दी x", 0, "हिन्दी"), ("床前明月光", 4, "明"), ("一one", 3, "one")],
)
async def test_a_double_click_takes_a_word_of_any_script(line: str, cell: int, word: str) -> None:
    async with Page(line).run_test(size=(40, 10)) as pilot:
        editor = pilot.app.query_one(Editor)
        await pilot.click(editor, offset=(cell, 0), times=2)
        assert editor.selected_text == word


@pytest.mark.parametrize(("start", "y", "last"), [(0, 10, 99), (99, -1, 0)])
async def test_a_drag_that_is_held_beside_the_page_goes_on_to_the_end_of_the_text(
    start: int, y: int, last: int
) -> None:
    async with Page("\n".join(f"line {number}" for number in range(100))).run_test(size=(40, 12)) as pilot:
        editor = pilot.app.query_one(Editor)
        editor.styles.height = 10
        editor.styles.margin = (1, 0)
        editor.move_cursor((start, 0))
        row = -1
        while not 0 <= row < 10:
            await pilot.pause(0.01)
            row = editor.layout_.offset((start, 0))[1] - editor.scroll_offset.y
        await pilot.mouse_down(editor, offset=(0, row))
        await pilot.hover(editor, offset=(0, y))
        for _ in range(1000):
            if editor.caret[0] == last:
                break
            await pilot.pause(0.01)
        assert editor.caret[0] == last
        await pilot.mouse_up(editor, offset=(0, y))
        selected = editor.selected_text
        await pilot.pause(0.1)
        assert editor.selected_text == selected
        assert editor._scrolling is None


async def test_a_tab_behind_a_control_character_is_drawn_where_the_layout_has_it() -> None:
    async with Page("\x01\x02a\tb").run_test(size=(40, 10)) as pilot:
        editor = pilot.app.query_one(Editor)
        editor.move_cursor((0, 5))
        assert rows(editor)[0].index("b") == 4 == editor.layout_.offset((0, 4))[0]


async def test_a_pasted_text_is_one_step_with_unix_line_ends() -> None:
    from textual.events import Paste

    async with Page("ab").run_test(size=(40, 10)) as pilot:
        await pilot.press("right")
        pilot.app.query_one(Editor).post_message(Paste("x\r\ny\rz"))
        await pilot.pause()
        assert text(pilot) == "ax\ny\nzb"
        await pilot.press("ctrl+z")
        assert text(pilot) == "ab"


async def test_a_text_that_is_only_to_be_read_is_not_changed_and_one_is_told() -> None:
    async with Page("ab").run_test(size=(40, 10)) as pilot:
        editor = pilot.app.query_one(Editor)
        editor.read_only = True
        await pilot.press("x", "backspace", "delete", "ctrl+x", "enter", "right")
        assert (text(pilot), editor.caret) == ("ab", (0, 1))


async def test_what_joins_the_character_behind_it_leaves_the_caret_behind_both() -> None:
    async with Page("👩x").run_test(size=(40, 10)) as pilot:
        editor = pilot.app.query_one(Editor)
        for character in ("👨", "\u200d", "y"):
            editor.replace(character, *editor.selection)
        assert (text(pilot), editor.caret) == ("👨\u200d👩yx", (0, 4))


async def test_half_a_character_never_gets_into_a_text() -> None:
    async with Page("").run_test(size=(40, 10)) as pilot:
        pilot.app.query_one(Editor).type_text("a\ud800b")
        assert text(pilot) == "a\N{REPLACEMENT CHARACTER}b"


async def test_the_page_stays_where_it_is_while_heights_above_it_become_exact() -> None:
    lines = [f"{number} " + "字 " * (number % 40) for number in range(3000)]
    async with Page("\n".join(lines)).run_test(size=(30, 12)) as pilot:
        editor = pilot.app.query_one(Editor)
        editor.move_cursor((2500, 0), center=True)
        await pilot.pause()
        seen = rows(editor)
        while editor.refine(5000):
            pass
        assert rows(editor) == seen
        await pilot.press("ctrl+end")
        assert rows(editor)[-1].endswith(lines[-1].split()[-1])


async def test_the_scrollbar_is_drawn_again_only_where_it_looks_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"{number} " + "word " * (number % 40) for number in range(20_000)]
    async with Page("\n".join(lines)).run_test(size=(30, 12)) as pilot:
        editor = pilot.app.query_one(Editor)
        editor._refining.pause()
        draw, drawn, slices = editor._scroll_update, 0, 1

        def counted(size: Size) -> None:
            nonlocal drawn
            drawn += 1
            draw(size)

        monkeypatch.setattr(editor, "_scroll_update", counted)
        while editor.refine(5000):
            slices += 1
        assert slices > 200
        assert drawn < 20
        await pilot.press("ctrl+end")
        assert rows(editor)[-1].endswith(lines[-1].split()[-1])
        bar = editor.vertical_scrollbar
        assert bar.position == editor.max_scroll_y == bar.window_virtual_size - editor.page_rows


@pytest.mark.parametrize("ghost", [False, True])
@pytest.mark.parametrize("caret", ["top", "middle", "bottom"])
async def test_whoever_scrolls_away_while_a_model_writes_stays_there(ghost: bool, caret: str) -> None:
    line = {"top": 0, "middle": 50, "bottom": 99}[caret]
    async with Page("\n".join(f"line {number}" for number in range(100))).run_test(size=(40, 10)) as pilot:
        editor = pilot.app.query_one(Editor)
        editor.move_cursor((line, 0), center=True)
        take = Take("bard", 1, Dials())

        def grow(text: str) -> None:
            if ghost:
                take.text += text
                editor.refresh_ghost()
            else:
                editor.write(text)

        if ghost:
            editor.show_ghost([take])
        else:
            editor.begin((line, 0), take)
        grow("it rained and rained, all day\n" * 2)
        for row in (20, 80):
            editor.scroll_to(y=row, animate=False, force=True)
            await pilot.pause()
            seen = rows(editor)
            grow("and then\nsnow\n")
            await pilot.pause()
            assert rows(editor) == seen
        editor.show_caret()
        await pilot.pause()
        grow("and so on\n" * 4)
        await pilot.pause()
        assert any("and so on" in row for row in rows(editor))  # the caret is followed again


async def test_no_key_asks_for_all_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Page("A line of a long text that goes on.\n" * 20_000).run_test(size=(60, 20)) as pilot:
        editor = pilot.app.query_one(Editor)
        editor.move_cursor((10_000, 3), center=True)
        await pilot.pause()
        looked: list[int] = []
        wrapped = editor.layout_.rows._set

        def noted(block: _Block, index: int, breaks: Breaks) -> None:
            looked.append(index)
            wrapped(block, index, breaks)

        monkeypatch.setattr(editor.layout_.rows, "_set", noted)
        monkeypatch.setattr(editor, "refine", lambda characters: False)
        monkeypatch.setattr(Lines, "text", property(lambda body: pytest.fail("the whole text was read")))
        await pilot.press("x", "enter", "backspace", "up", "pagedown", "ctrl+z", "ctrl+y", "home", "shift+down")
        assert len(looked) < 500


async def test_only_rows_that_changed_are_painted(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Page("A line of the text.\n" * 30).run_test(size=(60, 20)) as pilot:
        editor = pilot.app.query_one(Editor)
        await pilot.press("down", "down", "x")
        await pilot.pause(0.1)
        painted: list[int] = []
        paint = editor.render_line

        def noted(y: int) -> Strip:
            painted.append(y)
            return paint(y)

        monkeypatch.setattr(editor, "render_line", noted)
        await pilot.press("y")
        await pilot.pause(0.1)
        assert set(painted) == {2}
        await pilot.press("enter")
        await pilot.pause(0.1)
        kept = editor._styles_cache.render_widget(editor, editor.size.region)
        assert [strip.text.rstrip() for strip in kept] == rows(editor)


async def test_the_colours_of_a_line_that_fills_the_page_are_asked_for_once_a_key() -> None:
    page = Page("word " * 4000)
    async with page.run_test(size=(60, 20)) as pilot:
        asked: list[int] = []

        def colours(line: int) -> list[tuple[int, int, str]]:
            asked.append(line)
            return [(start, start + 4, "editor--model") for start in range(0, 20_000, 5)]

        page.editor.colour(colours)
        await pilot.pause()
        asked.clear()
        await pilot.press("x")
        assert asked == [0]
        keys = page.editor._keys
        assert keys is not None
        assert all(key is not None and len(key[1]) <= 60 / 5 + 2 for key in keys), "each row has its own marks only"
