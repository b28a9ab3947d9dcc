"""How a file's bytes become text: byte order mark, then strict UTF-8, then a detector whose guess is always shown.

Nothing here holds more than a chunk of the file in memory.
"""

import codecs
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from corpora.errors import InputError

CHUNK = 1 << 20  # bytes read at a time
HEAD = 1 << 16  # bytes looked at for signatures and control characters
SAMPLE = 200_000  # bytes that the detector sees
WINDOWS = 16  # places, spread evenly over the file, from which the sample is taken

# Longest first: the mark of UTF-32-LE begins with that of UTF-16-LE.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Codecs of Python that are text encodings by name but not encodings of files.
_NOT_FOR_FILES = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "utf-7"})
_MOST_CONTROLS = 0.02  # share of control bytes above which a file is binary; random bytes have 11 %
_WEAK = 0.15  # below this confidence chardet's first few guesses are a coin toss …
_CLOSE = 0.05  # … where they lie this close together
_HANDFUL = 10  # bytes, which may be damage and no letters


@dataclass(frozen=True)
class TextEncoding:
    """How to decode one file. `confidence` is the detector's where `guessed`, otherwise 1."""

    name: str  # Python's name of the codec, in lower case
    guessed: bool = False
    confidence: float = 1.0
    errors: str = "strict"  # or "replace": undecodable bytes become U+FFFD

    def notice(self, file: str) -> str:
        """A sentence for the person where something had to be guessed; empty where nothing was."""
        if not self.guessed:
            return ""
        if self.name == "utf-8":
            return (
                f"{file} is UTF-8 with some damaged bytes; each became \N{REPLACEMENT CHARACTER}. "
                "If letters look wrong, add it again with --encoding."
            )
        return (
            f"{file} is not UTF-8; it was read as {display_name(self.name)} ({self.confidence * 100:.0f} % sure). "
            "If letters look wrong, add it again with --encoding."
        )


def display_name(encoding: str) -> str:
    """The name that people know an encoding by: ``ISO-8859-1``, ``Windows-1252``, ``Shift_JIS``."""
    known = {"cp932": "Shift_JIS", "cp949": "EUC-KR", "big5hkscs": "Big5"}
    if encoding in known:
        return known[encoding]
    if encoding.startswith("cp125"):
        return encoding.replace("cp", "Windows-")
    return encoding.upper().replace("ISO8859", "ISO-8859")


def find_encoding(path: Path, explicit: str | None = None, progress: Callable[[], None] = lambda: None) -> TextEncoding:
    """Finds how to decode `path`; an `explicit` name overrides everything but the refusal of binary files.

    That may take reading all of it, once or more: `progress` is called at every chunk, and may raise to give up.
    Raises `InputError` for a binary file or an unknown encoding, and `OSError` where the file can't be read.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
    if explicit is not None:
        name = _lookup(explicit)
        _refuse_signatures(head, path)
        return TextEncoding(name)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return TextEncoding(encoding)
    _refuse_signatures(head, path)
    unmarked = _unmarked_utf16(head)
    if unmarked is not None:
        return unmarked
    if _controls(head) > _MOST_CONTROLS:
        raise InputError(_binary(path, "a binary file"))
    if _decodes(path, "utf-8", progress):
        return TextEncoding("utf-8")
    return _not_utf8(path, progress)


def decode_file(path: Path, encoding: TextEncoding) -> Iterator[str]:
    """Streams the text of `path` in chunks of at most `CHUNK` characters.

    Raises `InputError` at the first byte that the encoding doesn't allow, and where reading fails.
    """
    decoder = codecs.getincrementaldecoder(encoding.name)(encoding.errors)
    offset = 0
    try:
        with path.open("rb") as file:
            while data := file.read(CHUNK):
                text = decoder.decode(data)
                offset += len(data)
                if text:
                    yield text
            if rest := decoder.decode(b"", final=True):
                yield rest
    except UnicodeError as error:
        raise InputError(
            f"{path.name} is not {display_name(encoding.name)}: a byte near position {offset:,} has no meaning in it. "
            "Add the file without --encoding, or name another encoding."
        ) from error
    except OSError as error:
        raise InputError(f"{path.name} can't be read ({error.strerror or error}).") from error


def _lookup(name: str) -> str:
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError) as error:
        raise InputError(
            f"There is no encoding named {name!r}. Examples: utf-8, utf-16, latin-1, cp1252, shift_jis, gb18030."
        ) from error
    is_text = getattr(info, "_is_text_encoding", True)
    if not is_text or info.name.replace("_", "-") in _NOT_FOR_FILES or info.incrementaldecoder is None:
        raise InputError(f"{name!r} is not an encoding of text files. Examples: utf-8, utf-16, latin-1, cp1252.")
    return info.name.lower()


# What a file is by its first bytes. The flag says that the signature could also begin a text, and so
# counts only beside bytes that no text has.
_SIGNATURES = (
    (b"\xff\xd8\xff", "a JPEG picture", False),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture", False),
    (b"%PDF-", "a PDF document", False),
    (b"{\\rtf", "an RTF document", False),
    (b"PK\x03\x04", "a ZIP archive (as .docx, .odt and .epub are)", False),
    (b"\xd0\xcf\x11\xe0", "an old Office document", False),
    (b"\x1f\x8b", "a gzip archive", False),
    (b"\xfd7zXZ\x00", "an xz archive", False),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", False),
    (b"\x7fELF", "a program", False),
    (b"SQLite format 3\x00", "a database", False),
    (b"GIF8", "a GIF picture", True),
    (b"BZh", "a bzip2 archive", True),
    (b"Rar!", "a RAR archive", True),
    (b"RIFF", "a sound, picture or film", True),
    (b"OggS", "a sound or film", True),
    (b"ID3", "a sound", True),
    (b"fLaC", "a sound", True),
    (b"MZ", "a program", True),
)


def _refuse_signatures(head: bytes, path: Path) -> None:
    for signature, kind, could_be_text in _SIGNATURES:
        if head.startswith(signature) and (not could_be_text or _controls(head) > _MOST_CONTROLS):
            raise InputError(_binary(path, kind))


def _binary(path: Path, kind: str) -> str:
    return f"{path.name} is {kind}, not text. Save its text as a .txt file and add that."


_CONTROLS = bytes(byte for byte in range(32) if byte not in b"\t\n\v\f\r\x1b") + b"\x7f"


def _controls(data: bytes) -> float:
    """The share of bytes that are control characters which no text needs."""
    return (len(data) - len(data.translate(None, _CONTROLS))) / max(1, len(data))


def _unmarked_utf16(head: bytes) -> TextEncoding | None:
    """UTF-16 or UTF-32 without a byte order mark, known by its zero bytes and confirmed by what it decodes to."""
    if b"\0" not in head:
        return None
    import chardet  # slow to import, and seldom needed

    found = chardet.detect(head)
    name, confidence = (found["encoding"] or "").lower(), found["confidence"]
    if not name.startswith(("utf-16", "utf-32")):
        return None
    try:
        text = codecs.getincrementaldecoder(name)().decode(head)
    except UnicodeError:
        return None
    odd = sum(unicodedata.category(character) in ("Cc", "Cn", "Co") and character not in "\t\n\r" for character in text)
    return TextEncoding(name, guessed=True, confidence=confidence) if odd <= len(text) * _MOST_CONTROLS else None


def _decodes(path: Path, encoding: str, progress: Callable[[], None]) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while data := file.read(CHUNK):
                decoder.decode(data)
                progress()
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def _not_utf8(path: Path, progress: Callable[[], None]) -> TextEncoding:
    """What a file is that is not UTF-8 from end to end: UTF-8 with a few bad bytes, or something older."""
    good = bad = length = 0
    for text in decode_file(path, TextEncoding("utf-8", errors="replace")):
        replaced = text.count("\N{REPLACEMENT CHARACTER}")
        bad += replaced
        good += len(text) - len(text.encode("ascii", "ignore")) - replaced
        length += len(text)
        progress()
    damaged = TextEncoding("utf-8", guessed=True, confidence=1.0 - bad / max(1, length), errors="replace")
    if good >= 20 * bad:  # no other encoding has twenty well-formed UTF-8 sequences for each bad one
        return damaged
    try:
        guess = _guess(path, progress)
    except InputError:
        if bad <= _HANDFUL:
            return damaged
        raise
    if guess.confidence >= _WEAK:
        return guess
    if good >= bad:  # in older encodings well-formed sequences come about by chance, and are fewer
        return damaged
    # Bytes in ASCII that no encoding explains: in a handful of them chardet sees anything, Cyrillic as a rule.
    astray = guess.name != "cp1252" and bad <= min(_HANDFUL, max(1, length / 1000))
    return damaged if astray else guess


def _guess(path: Path, progress: Callable[[], None]) -> TextEncoding:
    """Asks chardet about a sample; the first of its guesses in which the whole file decodes is taken."""
    import chardet
    from chardet.enums import EncodingEra

    sample = _sample(path)
    results = chardet.detect_all(
        sample, ignore_threshold=True, encoding_era=EncodingEra.MODERN_WEB, prefer_superset=True
    )
    guesses = [(result["encoding"], result["confidence"]) for result in results if result["encoding"]]
    if not guesses:
        raise InputError(_binary(path, "a binary file or in an encoding that Pantoum doesn't know"))
    first, confidence = guesses[0]
    for name, other in guesses[1:]:
        # Short Western texts score all of Europe's code pages alike; Western is by far the most frequent.
        if confidence < _WEAK and confidence - other < _CLOSE and name == "Windows-1252":
            guesses.insert(0, (name, other))
            break
    for name, confidence in guesses:
        codec = _lookup(name or first or "latin-1")
        if codec != "utf-8" and _decodes(path, codec, progress):
            return TextEncoding(codec, guessed=True, confidence=confidence)
    return TextEncoding("iso8859-1", guessed=True, confidence=0.0)  # gives every byte a meaning


def _sample(path: Path) -> bytes:
    """Bytes spread over the whole file, only from lines that are not ASCII: the others say nothing."""
    size = path.stat().st_size
    share = SAMPLE // WINDOWS
    kept = bytearray()
    with path.open("rb") as file:
        for window in range(WINDOWS):
            file.seek(max(file.tell(), window * size // WINDOWS))
            data = file.read(HEAD)
            lines = b"".join(line for line in data.splitlines(keepends=True) if not line.isascii())
            kept += lines[:share] if size > SAMPLE else lines
    return bytes(kept) or path.open("rb").read(HEAD)
