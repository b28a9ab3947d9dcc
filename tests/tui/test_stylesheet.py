"""The app's rules are parsed once, and anew only with another theme."""

from pathlib import Path

import pytest
from textual.css import stylesheet

from tests.tui.driving import running
from tui.screens.help import HelpScreen


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Where each piece of rules came from that was parsed since."""
    places: list[object] = []
    textuals = stylesheet.__dict__["parse"]

    def parse(scope: str, css: str, read_from: object, **others: object) -> object:
        places.append(read_from)
        return textuals(scope, css, read_from, **others)

    monkeypatch.setattr(stylesheet, "parse", parse)
    return places


async def test_a_screen_that_opens_has_its_own_rules_parsed_and_no_others_again(
    home: Path, parsed: list[object]
) -> None:
    async with running() as driver:
        await driver.shows("Add your own text")
        before = set(parsed)
        parsed.clear()
        await driver.press("f1")
        await driver.until(lambda: isinstance(driver.app.screen, HelpScreen))
        await driver.shows("Esc closes")
        assert parsed and not before & set(parsed)


async def test_another_theme_reaches_rules_that_were_parsed_already(home: Path) -> None:
    async with running() as driver:
        before = driver.app.screen.styles.background
        driver.app.theme = "pantoum-light"
        await driver.until(lambda: driver.app.screen.styles.background != before, "another background")
