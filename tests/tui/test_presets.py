"""Presets: dials under names, used, saved, renamed, deleted and undone; and a file of them that is never lost."""

import json
from pathlib import Path

import msgspec
import pytest
from textual.widgets import Input, OptionList, Static

from corpora.errors import InputError
from engine.settings import Dials
from tests.tui.cli_tools import fake_service, make_model
from tests.tui.write_help import Writing, writing
from tui.cli import main
from tui.commandline import serving
from tui.dial_presets import (
    BUILT_IN,
    NAME,
    Preset,
    change_presets,
    check_name,
    find_preset,
    own_presets,
)
from tui.screens.presets import PresetsScreen, what
from tui.write_settings import WriteSettings, save_settings

DAWN = Preset.of("Dawn", WriteSettings(dials=Dials(temperature=0.35, top_k=40, pace=9.0), takes=7, length=300))


def names(root: Path) -> list[str]:
    return [preset.name for preset in own_presets(root)]


def test_each_preset_that_comes_with_pantoum_can_be_used_and_leaves_the_pace_and_the_rest_alone() -> None:
    settings = WriteSettings(dials=Dials(pace=12.0), takes=9, seed=77, until="line")
    for preset in BUILT_IN:
        used = preset.used(settings)
        assert (used.dials.pace, used.takes, used.seed, used.until) == (12.0, 9, 77, "line")
        assert preset.holds(used)
    assert len({preset.used(settings).dials for preset in BUILT_IN}) == len(BUILT_IN)


def test_a_preset_keeps_all_dials_and_the_seed_only_where_it_is_fixed() -> None:
    fixed = WriteSettings(
        dials=Dials(temperature=1.4, typical=0.7), takes=3, length=90, until="word", seed=5, seed_fixed=True
    )
    used = Preset.of("mine", fixed).used(WriteSettings(dials=Dials(pace=3.0)))
    assert (used.dials, used.takes, used.length, used.until, used.seed, used.seed_fixed) == (
        Dials(temperature=1.4, typical=0.7, pace=3.0), 3, 90, "word", 5, True,
    )  # fmt: skip
    assert DAWN.used(fixed).seed == 5
    assert DAWN.used(fixed).seed_fixed is False


def test_saving_renaming_deleting_and_undoing_each_are_one_change(tmp_path: Path) -> None:
    other = Preset(name="dusk", dials=Dials(temperature=1.1))
    change_presets(None, DAWN, tmp_path)
    change_presets(None, other, tmp_path)
    assert own_presets(tmp_path) == (DAWN, other)
    renamed = Preset(name="Noon", dials=DAWN.dials)
    change_presets(DAWN, renamed, tmp_path)
    assert names(tmp_path) == ["dusk", "Noon"]
    change_presets(renamed, DAWN, tmp_path)
    change_presets(other, None, tmp_path)
    assert own_presets(tmp_path) == (DAWN,)
    change_presets(None, Preset(name="DAWN", dials=Dials()), tmp_path)
    assert names(tmp_path) == ["DAWN"]


@pytest.mark.parametrize(
    "content",
    [
        '{"format": 1, "presets": [',
        '{"format": 99, "presets": []}',
        '{"presets": []}',
        '{"format": 1, "presets": [{"name": "hot", "dials": {"temperature": 99}}]}',
    ],
)
def test_a_file_of_no_use_is_told_of_and_set_aside_before_another_is_written(tmp_path: Path, content: str) -> None:
    (tmp_path / NAME).write_text(content)
    with pytest.raises(InputError, match=NAME):
        own_presets(tmp_path)
    assert "damaged" in change_presets(None, DAWN, tmp_path)
    assert own_presets(tmp_path) == (DAWN,)
    assert aside(tmp_path) == [content]


def test_a_folder_that_can_not_be_written_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="can't be written"):
        change_presets(None, DAWN, tmp_path / "file")


@pytest.mark.parametrize("name", ["", "  ", "Wild", "As before", "x" * 41, "a\x1bb"])
def test_names_that_can_not_be_kept_are_refused(name: str) -> None:
    with pytest.raises(InputError):
        check_name(name)


def test_a_preset_is_found_by_its_name_whatever_the_case(tmp_path: Path) -> None:
    change_presets(None, DAWN, tmp_path)
    assert find_preset("dawn", tmp_path) == DAWN
    assert find_preset("WILD", tmp_path) in BUILT_IN
    with pytest.raises(InputError, match="There are: steady, lively, natural, wild, Dawn"):
        find_preset("night", tmp_path)


def test_what_a_preset_does_is_said_without_dials_that_do_nothing() -> None:
    assert what(DAWN) == "temperature 0.35, top-k 40, length 300, suggestions 7, they end at sentence"
    assert "length 300, stops at line, suggestions 7" in what(msgspec.structs.replace(DAWN, stops_at="line"))


# --- in the app ---


def aside(root: Path) -> list[str]:
    """What the files hold that were set aside."""
    return [each.read_text() for each in root.glob("presets.damaged-*.json")]


async def listed(desk: Writing) -> PresetsScreen:
    await desk.press("f12")
    await desk.until(lambda: isinstance(desk.pilot.app.screen, PresetsScreen), "the presets")
    screen = desk.pilot.app.screen
    assert isinstance(screen, PresetsScreen)
    await desk.until(lambda: screen.chosen, "the list")
    return screen


def lines(screen: PresetsScreen) -> list[str]:
    found = screen.query_one(OptionList)
    return [str(found.get_option_at_index(number).prompt) for number in range(found.option_count)]


async def named(desk: Writing, name: str) -> None:
    await desk.until(lambda: desk.pilot.app.screen.query(Input), "the question")
    desk.pilot.app.screen.query_one(Input).value = name
    await desk.press("enter")


async def test_a_preset_is_used_by_its_number_also_while_text_streams(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_settings(WriteSettings(length=20_000), tmp_path)
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.press("ctrl+g")
        await desk.until(lambda: desk.pending)
        screen = await listed(desk)
        assert "● lively" in lines(screen)[1]
        await desk.press("4")
        assert desk.screen.settings.dials == BUILT_IN[3].used(WriteSettings()).dials
        await desk.until(lambda: desk.requests("set_dials"), "the dials in the engine")
        assert desk.requests("set_dials")[-1]["dials"]["temperature"] == 1.3  # type: ignore[index]
        assert desk.screen.doing() or desk.screen.writing
        await desk.press("escape")


async def test_dials_are_saved_renamed_deleted_and_brought_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.press("f6", "f6")
        screen = await listed(desk)
        await desk.press("s")
        await named(desk, "Dawn")
        await desk.until(lambda: screen.chosen and screen.chosen.name == "Dawn", "the new preset")
        assert "5 ● Dawn" in lines(screen)[4] and "temperature 0.90" in lines(screen)[4]
        await desk.press("r")
        await named(desk, "Noon")
        await desk.until(lambda: names(tmp_path) == ["Noon"] and screen.chosen and screen.chosen.name == "Noon")
        await desk.press("d")
        await desk.until(lambda: len(lines(screen)) == 4, "the deletion")
        assert "u brings it back" in str(screen.query_one("#preset-said", Static).render())
        await desk.press("escape")
        screen = await listed(desk)  # what can be undone outlives the list
        await desk.press("u")
        await desk.until(lambda: screen.chosen and screen.chosen.name == "Noon", "it came back")
        await desk.press("u")
        await desk.until(lambda: screen.chosen and screen.chosen.name == "Dawn", "its old name")
        await desk.press("u")
        await desk.until(lambda: names(tmp_path) == [], "it was never saved")
        await desk.press("u")
        await desk.until(lambda: "nothing to undo" in str(screen.query_one("#preset-said", Static).render()))


async def test_the_dials_before_a_preset_are_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.press("f6", "f6")
        tuned = desk.screen.settings
        screen = await listed(desk)
        assert len(lines(screen)) == len(BUILT_IN)
        await desk.press("4")
        screen = await listed(desk)
        assert "0   as before" in lines(screen)[-1] and "temperature 0.90" in lines(screen)[-1]
        await desk.press("end", "d")
        await desk.until(lambda: "That is no preset." in str(screen.query_one("#preset-said", Static).render()))
        await desk.press("5", "0")  # 5 is nothing's number
        assert desk.screen.settings == tuned


async def test_what_comes_with_pantoum_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        screen = await listed(desk)
        await desk.press("d")
        await desk.until(lambda: "comes with Pantoum" in str(screen.query_one("#preset-said", Static).render()))
        assert len(lines(screen)) == len(BUILT_IN)
        await desk.press("s")
        await named(desk, "wild")
        await desk.until(lambda: "there already" in str(desk.pilot.app.screen.query_one("#problem").render()))


async def test_a_damaged_file_leaves_those_that_come_with_pantoum_and_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / NAME).write_text("{")
    async with writing(tmp_path, monkeypatch) as desk:
        screen = await listed(desk)
        await desk.until(lambda: NAME in str(screen.query_one("#preset-said", Static).render()), "the sentence")
        assert len(lines(screen)) == len(BUILT_IN)
        await desk.press("s")
        await named(desk, "Dawn")
        await desk.until(lambda: screen.chosen and screen.chosen.name == "Dawn", "the new preset")
    assert aside(tmp_path) == ["{"]


async def test_the_palette_uses_a_preset_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change_presets(None, DAWN, tmp_path)
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.press("ctrl+p")
        await desk.type("preset dawn")
        await desk.until(lambda: desk.pilot.app.screen.query_one(OptionList).option_count, "the hit")
        await desk.press("down", "enter")
        await desk.until(lambda: desk.screen.settings.takes == 7, "the preset")
        assert desk.screen.settings.dials.temperature == 0.35


def test_sampling_takes_the_dials_of_a_preset_and_options_beside_it_go_first(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(serving, "connect", fake_service)
    make_model("bard")
    change_presets(None, DAWN)
    options = ["sample", "bard", "-k", "1", "--seed", "4", "--json", "--preset", "dawn"]
    assert main(options) == 0
    assert json.loads(capsys.readouterr().out)["dials"] == {**DIALS, "temperature": 0.35, "top_k": 40}
    assert main([*options, "--temperature", "0.8", "--min-p", "0.1"]) == 0
    assert json.loads(capsys.readouterr().out)["dials"] == {**DIALS, "temperature": 0.8, "top_k": 40, "min_p": 0.1}
    gap = ["infill", "bard", "--left", "In the ", "--seed", "4", "--json", "--preset", "dawn"]
    assert main([*gap, "--top-p", "0.7"]) == 0
    filled = json.loads(capsys.readouterr().out)["dials"]
    assert (filled["temperature"], filled["top_p"]) == (DAWN.dials.temperature, 0.7)
    assert main(["sample", "bard", "--preset", "night"]) == 1
    assert "There is no preset named 'night'." in capsys.readouterr().err


DIALS = {field: getattr(Dials(), field) for field in Dials.__struct_fields__}
