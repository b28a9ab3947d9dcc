"""Escape sequences in names and sentences from folders that came from elsewhere: no terminal gets to see them."""

from pathlib import Path

import msgspec
import pytest

from corpora.library import CorpusLibrary
from tests.tui.driving import Driver, running, write_text
from tests.tui.recorded import RecordedRun
from tui.visible import shown

CLIPBOARD = "\x1b]52;c;ZXZpbA==\x07"
EVIL = f"evil{CLIPBOARD}\x1b[2J\x9b2Jname"


def test_what_is_shown_has_no_control_characters_and_no_half_letters() -> None:
    assert shown(EVIL) == "evil]52;c;ZXZpbA==[2J2Jname"
    assert shown("caf\udce9") == "caf\N{REPLACEMENT CHARACTER}"
    assert shown("Où\u00a0été") == "Où\u00a0été"


def written(driver: Driver) -> str:
    """What the terminal would get for the whole screen."""
    return "\n".join(strip.render(driver.app.console) for strip in driver.app.screen._compositor.render_strips())


@pytest.mark.parametrize("mode", ["library", "train"])
async def test_names_notices_and_errors_come_without_escape_sequences(mode: str, home: Path, tmp_path: Path) -> None:
    CorpusLibrary(home).add([write_text(tmp_path / "text.txt")], name=EVIL)
    run = RecordedRun.after(100, home, EVIL)
    record = run.folder.record()
    run.folder.write_record(msgspec.structs.replace(record, notices=(f"A notice {EVIL}.",)))
    run.status("training", error=f"An error {EVIL}.", message=EVIL)
    async with running((160, 45), mode) as driver:
        await driver.shows("An error" if mode == "train" else "evil]52")
        driver.app.tell(EVIL)
        await driver.pilot.pause()
        assert "evil]52" in written(driver)
        assert CLIPBOARD not in written(driver)
        assert "\x1b[2J" not in written(driver)
        assert "\x9b" not in written(driver)
