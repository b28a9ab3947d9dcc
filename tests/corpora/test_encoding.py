"""Bytes to text: what is certain is silent, what is guessed is said, what is no text is refused."""

import codecs
import random
from pathlib import Path

import pytest

from corpora import encoding as module
from corpora.encoding import TextEncoding, decode_file, display_name, find_encoding
from corpora.errors import InputError
from tests.corpora.texts import CHINESE, ENGLISH, EVERYTHING, JAPANESE, RUSSIAN

FRENCH = (
    "La forêt était là, derrière la maison, pleine de bruits légers ; où étiez-vous, demanda-t-elle, "
    "et qu'avez-vous fait de l'été ? Il répondit après une hésitation : rien, ou presque.\n"
)
GERMAN = "Über den Dächern lag früher Nebel, und die Möwen schwiegen. Müde schloß er die Tür.\n"


def written(folder: Path, data: bytes, name: str = "letters.txt") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def read(path: Path, explicit: str | None = None) -> tuple[str, TextEncoding]:
    found = find_encoding(path, explicit)
    return "".join(decode_file(path, found)), found


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_marked_and_plain_unicode_is_read_without_a_word(codec: str, tmp_path: Path) -> None:
    text, found = read(written(tmp_path, EVERYTHING.encode(codec)))
    assert text == EVERYTHING
    assert found == TextEncoding(codec)
    assert found.notice("letters.txt") == ""


@pytest.mark.parametrize("mark", [codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE])
def test_big_endian_marks_are_known(mark: bytes, tmp_path: Path) -> None:
    codec = "utf-16-be" if len(mark) == 2 else "utf-32-be"
    assert read(written(tmp_path, mark + ENGLISH.encode(codec)))[0] == ENGLISH


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", [ENGLISH * 3, RUSSIAN * 3])
def test_utf16_without_a_mark_is_guessed_and_said(codec: str, text: str, tmp_path: Path) -> None:
    decoded, found = read(written(tmp_path, text.encode(codec)))
    assert decoded == text
    assert found.guessed


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        (FRENCH, "latin-1"),
        (GERMAN, "latin-1"),
        (ENGLISH * 40 + "a café", "latin-1"),
        ("“Stay,” she said — ‘it’s late’…\n" * 4, "cp1252"),
        (RUSSIAN * 3, "cp1251"),
        (RUSSIAN * 3, "koi8-r"),
        (JAPANESE * 3, "shift_jis"),
        (CHINESE * 3, "gb18030"),
    ],
)
def test_older_encodings_are_guessed_right_and_said(text: str, codec: str, tmp_path: Path) -> None:
    decoded, found = read(written(tmp_path, text.encode(codec)))
    assert decoded == text
    assert found.guessed and 0 <= found.confidence <= 1


def test_the_notice_names_file_encoding_and_certainty() -> None:
    notice = TextEncoding("iso8859-1", guessed=True, confidence=0.73).notice("letters.txt")
    assert notice == (
        "letters.txt is not UTF-8; it was read as ISO-8859-1 (73 % sure). "
        "If letters look wrong, add it again with --encoding."
    )


@pytest.mark.parametrize(
    ("codec", "name"),
    [("cp1252", "Windows-1252"), ("iso8859-15", "ISO-8859-15"), ("cp932", "Shift_JIS"), ("koi8-r", "KOI8-R")],
)
def test_encodings_are_shown_by_the_names_people_know(codec: str, name: str) -> None:
    assert display_name(codec) == name


def test_an_explicit_encoding_overrides_what_would_be_found(tmp_path: Path) -> None:
    path = written(tmp_path, "naïve".encode())
    assert read(path, "latin-1") == ("naÃ¯ve", TextEncoding("iso8859-1"))


@pytest.mark.parametrize("name", ["klingon", "hex", "rot13", "idna", "unicode_escape", "utf-7", "a\0b"])
def test_what_is_no_encoding_of_files_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="encoding"):
        find_encoding(written(tmp_path, b"text"), name)


def test_an_explicit_encoding_that_does_not_fit_says_where(tmp_path: Path) -> None:
    path = written(tmp_path, b"a" * 100 + b"\xff")
    with pytest.raises(InputError, match=r"letters\.txt is not UTF-8: a byte near position"):
        read(path, "utf-8")


def test_a_few_damaged_bytes_do_not_make_unicode_something_else(tmp_path: Path) -> None:
    data = RUSSIAN.encode() * 20
    text, found = read(written(tmp_path, data[:501] + b"\xff" + data[501:]))
    assert RUSSIAN in text and "\N{REPLACEMENT CHARACTER}" in text
    assert found.name == "utf-8" and found.guessed
    assert "damaged bytes" in found.notice("letters.txt")


def test_a_few_bytes_that_no_letters_are_do_not_make_plain_english_cyrillic(tmp_path: Path) -> None:
    data = ENGLISH.encode() * 40
    text, found = read(written(tmp_path, data[:701] + b"\xff\xfe\x81" + data[701:]))
    assert found.name == "utf-8" and found.guessed
    assert text == (data[:701] + b"???" + data[701:]).decode().replace("???", 3 * "\N{REPLACEMENT CHARACTER}")


@pytest.mark.parametrize(
    "data",
    [
        "Die Straße führt über die Bäume.\n".encode() + b"\xff\n",
        "Die Straße führt über die Bäume, und dann zurück.\n".encode() + b"\xff a \x81\n",
        "Привет, мир.\n".encode() + b"\xff\n",
        "She said “yes” and left.\n".encode() + b"It\x92s late.\n",
        "Die Straße führt über die Bä".encode()[:-1],
        b"A plain text of a line.\n\xff\n",
        b"A plain text of a li\x81ne.\n",
    ],
)
def test_a_short_unicode_text_with_few_damaged_bytes_is_one(data: bytes, tmp_path: Path) -> None:
    found = find_encoding(written(tmp_path, data))
    assert (found.name, found.errors) == ("utf-8", "replace")


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("Straße über Bäume\n", "latin-1"),
        ("Привет, мир. Как дела?\n", "cp1251"),
        ("中文文本，你好。\n", "gb18030"),
        ("日本語のテキストです。\n", "shift_jis"),
        ("สวัสดีชาวโลก วันนี้อากาศดี\n" * 3, "cp874"),
        ("café\n", "latin-1"),
    ],
)
def test_a_short_text_in_an_older_encoding_is_one(text: str, codec: str, tmp_path: Path) -> None:
    assert read(written(tmp_path, text.encode(codec)))[0] == text


def test_a_single_word_with_an_accent_in_plain_english_keeps_it(tmp_path: Path) -> None:
    text, found = read(written(tmp_path, ENGLISH.encode() * 40 + b"\ncaf\xe9\n" + ENGLISH.encode() * 40))
    assert (found.name, "\ncafé\n" in text) == ("cp1252", True)


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_characters_cut_by_a_read_are_put_together(size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", size)
    for codec in ("utf-8", "utf-16"):
        assert read(written(tmp_path, EVERYTHING.encode(codec)))[0] == EVERYTHING


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", "a JPEG picture"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "a PNG picture"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"PK\x03\x04\x14\x00", "a ZIP archive"),
        (b"{\\rtf1\\ansi Hello}", "an RTF document"),
        (b"GIF89a\x01\x00\x01\x00\x80\x00\x00" + b"\0" * 20, "a GIF picture"),
        (bytes(range(256)) * 8, "a binary file"),
    ],
)
def test_binary_files_are_named_and_refused(head: bytes, kind: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"letters\.txt is {kind}"):
        find_encoding(written(tmp_path, head + b"\x01\x02 rest"))


def test_a_jpeg_is_refused_even_with_an_explicit_encoding(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="JPEG"):
        find_encoding(written(tmp_path, b"\xff\xd8\xff\xe0\0\0"), "latin-1")


@pytest.mark.parametrize("seed", range(5))
def test_random_bytes_are_no_text(seed: int, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="binary"):
        find_encoding(written(tmp_path, random.Random(seed).randbytes(5000)))


def test_a_text_that_begins_like_a_signature_is_a_text(tmp_path: Path) -> None:
    assert find_encoding(written(tmp_path, b"MZ, she wrote. RIFFs followed.\n")) == TextEncoding("utf-8")


def test_a_stray_zero_byte_does_not_make_a_text_binary(tmp_path: Path) -> None:
    assert find_encoding(written(tmp_path, ENGLISH.encode() + b"\0" + ENGLISH.encode())) == TextEncoding("utf-8")


def test_a_guess_that_fails_later_in_the_file_gives_way_to_one_that_holds(tmp_path: Path) -> None:
    # 0x81 has no meaning in Windows-1252, and lies where no sample looks: all around it is ASCII.
    path = written(tmp_path, FRENCH.encode("latin-1") * 50 + ENGLISH.encode() * 5000 + b"\x81")
    text, found = read(path)
    assert found.guessed and found.name != "cp1252"
    assert text == path.read_bytes().decode(found.name)
