"""The writer's file, drafts and remembered dials, without any screen."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora.errors import InputError
from engine.settings import Dials
from tui.manuscript.opening import open_document
from tui.manuscript.textfile import changed_outside, read_text, write_text
from tui.training.catalogue import SETTINGS
from tui.widgets.amount_dialog import number_of
from tui.widgets.dial_steps import DIALS, Dial
from tui.write_settings import WriteSettings, load_settings, save_settings


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_an_unchanged_text_is_saved_with_the_same_bytes(tmp_path: Path, newline: str, encoding: str) -> None:
    path = tmp_path / "poem.txt"
    path.write_bytes(f"Röte{newline}字\x0cx{newline}".encode(encoding))
    before = path.read_bytes()
    file = read_text(path)
    write_text(path, file.text, newline=file.newline, encoding=file.encoding)
    assert path.read_bytes() == before
    assert "\r" not in file.text


@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\ufeff")))
def test_any_text_comes_back_from_its_file(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("texts") / "any.txt"
    write_text(path, text)
    assert read_text(path).text == text


def test_saving_keeps_the_files_permissions_and_goes_through_links(tmp_path: Path) -> None:
    real, link = tmp_path / "real.txt", tmp_path / "link.txt"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    write_text(link, "new")
    assert (link.is_symlink(), real.read_text(), real.stat().st_mode & 0o777) == (True, "new", 0o640)


def test_mixed_line_ends_are_told(tmp_path: Path) -> None:
    path = tmp_path / "mixed.txt"
    path.write_bytes(b"a\r\nb\r\nc\n")
    file = read_text(path)
    assert file.newline == "\r\n"
    assert any("line ends" in notice for notice in file.notices)


def test_a_guessed_encoding_is_told_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "old.txt"
    text = "Die Bäume über der Straße hören schöne Lieder, und die Vögel müssen früh zurück.\n" * 20
    path.write_bytes(text.encode("latin-1"))
    file = read_text(path)
    assert file.text == text
    assert any("was read as" in notice for notice in file.notices)
    write_text(path, file.text, newline=file.newline, encoding=file.encoding)
    assert path.read_bytes() == text.encode("latin-1")


def test_a_character_that_the_files_encoding_lacks_leaves_the_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "old.txt"
    path.write_bytes(b"caf\xe9")
    with pytest.raises(InputError, match="another file"):
        write_text(path, "字", encoding="iso8859-1")
    assert path.read_bytes() == b"caf\xe9"


def test_the_character_that_the_encoding_lacks_is_named_whatever_the_line_ends(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="which has no '–'"):
        write_text(tmp_path / "old.txt", "a\n\n\nb–c", newline="\r\n", encoding="iso8859-1")


def test_a_file_that_goes_while_its_encoding_is_looked_for_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(path: Path) -> None:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory")

    path = tmp_path / "old.txt"
    path.write_bytes(b"caf\xe9")
    monkeypatch.setattr("corpora.encoding.find_encoding", gone)
    with pytest.raises(InputError, match="changed while it was read"):
        read_text(path)


def test_what_is_no_file_is_never_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="is not a file"):
        write_text(tmp_path / "pipe", "x")
    assert (tmp_path / "pipe").is_fifo()


def circle(folder: Path) -> Path:
    """A link to itself."""
    (folder / "circle").symlink_to("circle")
    return folder / "circle"


@pytest.mark.parametrize("make", [circle, lambda folder: folder / ("n" * 300), lambda folder: folder / "a\0b"])
def test_a_path_that_no_file_can_have_is_refused_in_words(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    path = make(tmp_path)
    with pytest.raises(InputError, match="can't be read"):
        read_text(path)
    with pytest.raises(InputError, match="can't be read"):
        open_document(path, tmp_path)
    with pytest.raises(InputError, match="can't be written"):
        write_text(path, "x")
    assert [entry for entry in tmp_path.iterdir() if entry.suffix == ".tmp"] == []


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [("zero.txt", b"ab\0cd", "not a text"), ("picture.txt", b"\xff\xd8\xff\xe0" + bytes(range(256)), "JPEG")],
)
def test_what_is_not_text_is_refused_in_words(tmp_path: Path, name: str, content: bytes, sentence: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=sentence):
        read_text(path)


def test_missing_files_and_folders_are_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"can't be read \(No such file"):
        read_text(tmp_path / "none.txt")
    with pytest.raises(InputError, match="is a folder"):
        read_text(tmp_path)


def test_a_file_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.txt"
    with path.open("wb") as file:
        file.truncate(200 << 20)
    with pytest.raises(InputError, match="Library"):
        read_text(path)


def test_only_another_content_counts_as_changed_outside(tmp_path: Path) -> None:
    path = tmp_path / "poem.txt"
    stamp = write_text(path, "one")
    os.utime(path, ns=(1, 1))
    assert not changed_outside(path, stamp)
    path.write_text("two")
    assert changed_outside(path, stamp)
    path.unlink()
    assert not changed_outside(path, stamp)


def test_a_text_that_cannot_be_written_says_so_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can't be written"):
        write_text(tmp_path / "no" / "folder.txt", "x")
    assert list(tmp_path.iterdir()) == []


def test_dials_are_remembered(tmp_path: Path) -> None:
    settings = WriteSettings(model="bard", dials=Dials(temperature=1.1, top_k=5), length=200, seed=7, seed_fixed=True)
    save_settings(settings, tmp_path)
    assert load_settings(tmp_path) == (settings, "")


@pytest.mark.parametrize("content", ["{", '{"format": 1, "length": -5}', '{"format": 1, "dials": {"temperature": 99}}'])
def test_damaged_settings_give_the_defaults_and_a_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "write-settings.json").write_text(content)
    settings, sentence = load_settings(tmp_path)
    assert settings == WriteSettings()
    assert "as at first" in sentence


@pytest.mark.parametrize("dial", DIALS, ids=lambda dial: dial.key)
def test_every_dial_clicks_up_and_down_again_and_stops_at_its_ends(dial: Dial) -> None:
    start = WriteSettings(seed=5)
    if dial.turn(start, 1) != start:
        assert dial.turn(dial.turn(start, 1), -1) == start
    far = start
    for _ in range(60):
        far = dial.turn(far, -1)
    assert dial.turn(far, -1) == far
    far.check()


def test_a_value_between_two_clicks_goes_to_the_nearest_one_on_the_way() -> None:
    temperature = DIALS[0]
    between = WriteSettings(dials=Dials(temperature=0.82))
    assert temperature.turn(between, 1).dials.temperature == 0.85
    assert temperature.turn(between, -1).dials.temperature == 0.8


def test_a_value_typed_beyond_a_dials_end_never_turns_the_wrong_way() -> None:
    length, seed = (next(dial for dial in DIALS if dial.key == key) for key in ("length", "seed"))
    beyond = WriteSettings(length=100_000, seed=2**53 - 1)
    assert length.turn(beyond, 1) == beyond
    assert length.turn(beyond, -1).length == 20_000
    assert seed.turn(beyond, 1) == beyond
    daring = WriteSettings(dials=Dials(temperature=5.0))
    assert DIALS[0].turn(daring, 1) == daring
    assert DIALS[0].turn(daring, -1).dials.temperature == 2.0


@pytest.mark.parametrize("dial", DIALS, ids=lambda dial: dial.key)
def test_what_a_dial_offers_to_be_typed_is_its_value(dial: Dial) -> None:
    settings = WriteSettings(seed=2**53 - 1, length=12_345, dials=Dials(temperature=1.2345, top_k=123_456))
    assert dial.parse(settings, dial.typed(settings)) == settings


@pytest.mark.parametrize("dial", [dial for dial in DIALS if dial.share(WriteSettings()) is not None])
def test_the_place_of_each_step_on_its_slider_is_that_steps(dial: Dial) -> None:
    settings, places = WriteSettings(), []
    for step in dial.steps:
        settings = dial.write(settings, step)
        place = dial.share(settings)
        assert place is not None and dial.at(settings, place) == settings
        places.append(place)
    assert (places[0], places[-1]) == (0.0, 1.0)
    assert places == sorted(places)


def test_a_value_between_two_steps_or_beyond_an_end_has_its_place_on_the_slider() -> None:
    temperature, length = DIALS[0], next(dial for dial in DIALS if dial.key == "length")
    assert temperature.share(WriteSettings(dials=Dials(temperature=0.825))) == pytest.approx(16.5 / 40)
    assert temperature.share(WriteSettings(dials=Dials(temperature=5.0))) == 1.0
    assert length.share(WriteSettings(length=100_000)) == 1.0


@pytest.mark.parametrize("text", ["much", "", "nan", "inf", "11", "-1"])
def test_a_temperature_that_is_none_is_refused_in_words(text: str) -> None:
    with pytest.raises(InputError):
        DIALS[0].parse(WriteSettings(), text)


def test_a_whole_number_is_asked_for_where_only_one_makes_sense() -> None:
    with pytest.raises(InputError, match="whole number"):
        DIALS[1].parse(WriteSettings(), "2.5")
    with pytest.raises(InputError, match="whole number"):
        DIALS[1].parse(WriteSettings(), "1,5")
    assert DIALS[1].parse(WriteSettings(), "1,000").dials.top_k == 1000
    with pytest.raises(InputError, match="'inf' is not a number"):
        DIALS[0].parse(WriteSettings(), "inf")


@pytest.mark.parametrize("text", ["para", "9", "-1", "", "nan"])
def test_a_dial_of_words_says_which_ones_it_takes(text: str) -> None:
    dial = next(dial for dial in DIALS if dial.key == "stops_at")
    with pytest.raises(InputError, match="stops at takes length, sentence, line or paragraph"):
        dial.parse(WriteSettings(), text)
    assert dial.parse(WriteSettings(), " Line ").stops_at == "line"


@pytest.mark.parametrize(
    ("text", "number"),
    [("0,8", 0.8), ("1,1", 1.1), ("0,125", 0.125), ("1,000", 1000), ("12,345.5", 12345.5), (" +7 ", 7), (",5", 0.5)],
)
def test_a_comma_that_parts_no_thousands_is_a_decimal_one(text: str, number: float) -> None:
    assert number_of(text) == SETTINGS["clip"].read(text) == number
    if number < 2:
        assert DIALS[0].parse(WriteSettings(), text).dials.temperature == number


@pytest.mark.parametrize("text", ["1,2,3", "1.000,5", "1,,000", ",", ""])
def test_what_is_no_number_however_commas_are_read_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is not"):
        number_of(text)
