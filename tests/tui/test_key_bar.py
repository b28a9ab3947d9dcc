"""The line of keys at the bottom."""

from pathlib import Path

from textual.app import App, ComposeResult
from textual.binding import Binding

from tests.tui.driving import running
from tui.commands.write import COMMANDS
from tui.widgets.key_bar import KeyBar


class Desk(App[None]):
    """Some keys, one of which comes and goes, one that can't be used now."""

    BINDINGS = [
        Binding("f5", "go", "Go"),
        Binding("f6", "stop", "Stop"),
        Binding("f7", "wait", "Wait"),
        Binding("f8", "hide", "Hidden", show=False),
        *(Binding(f"alt+{letter}", f"press('{letter}')", f"Press {letter}") for letter in "abcdefgh"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.bar = KeyBar()
        self.going = False
        self.went = 0

    def compose(self) -> ComposeResult:
        yield self.bar

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return {"stop": self.going, "wait": None}.get(action, True)

    def action_go(self) -> None:
        self.went += 1
        self.going = True
        self.refresh_bindings()

    def action_press(self, letter: str) -> None:
        pass


def shown(app: Desk) -> str:
    return app.bar.render_line(0).text


async def test_it_shows_the_keys_that_do_something_now() -> None:
    app = Desk()
    async with app.run_test(size=(60, 10)) as pilot:
        await pilot.pause()
        assert shown(app).startswith(" f5 Go  f7 Wait  ⌥a Press a") or shown(app).startswith(" f5 Go  f7 Wait ")
        assert "Hidden" not in shown(app)
        await pilot.press("f5")
        await pilot.pause()
        assert shown(app).startswith(" f5 Go  f6 Stop  f7 Wait ")


async def test_a_click_presses_the_key_under_the_pointer_and_none_that_cannot_be_used() -> None:
    app = Desk()
    async with app.run_test(size=(60, 10)) as pilot:
        await pilot.pause()
        await pilot.click(KeyBar, offset=(2, 0))
        await pilot.pause()
        assert app.went == 1
        await pilot.click(KeyBar, offset=(shown(app).index("Wait"), 0))
        await pilot.pause()
        assert app.went == 1


async def test_the_wheel_shows_what_has_no_room_and_stops_at_its_end() -> None:
    app = Desk()
    async with app.run_test(size=(60, 10)) as pilot:
        await pilot.pause()
        assert "Press h" not in shown(app)
        for _ in range(50):
            app.bar.scrolled += 8
        assert shown(app).rstrip().endswith("Press h")
        app.bar.scrolled -= 1000
        assert shown(app).startswith(" f5 Go")


async def test_no_key_is_cut_in_half_at_the_end() -> None:
    app = Desk()
    async with app.run_test(size=(60, 10)) as pilot:
        await pilot.pause()
        whole = "".join(part.text for _, part in app.bar._parts())
        assert len(whole) > 60
        assert whole.startswith(shown(app).rstrip())
        assert shown(app).rstrip()[-1] in "abcdefgh" and len(shown(app)) == 60


async def test_the_keys_of_a_screen_stand_in_the_order_of_its_commands(home: Path) -> None:
    async with running((160, 45), "write") as driver:
        line = [key.title for key in driver.app.screen.query_one(KeyBar).keys]
        titles = [command.title for command in COMMANDS]
        assert line and line == sorted(line, key=titles.index)
