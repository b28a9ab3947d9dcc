"""Where a word, a sentence, a line or a paragraph ends, in a text that comes piece by piece.

An end is told as soon as it is certain, whatever comes next: "Mr" and "." are no end, but that shows only later. So the
same text has the same ends in whatever pieces it comes.
"""

import re
import unicodedata
from typing import Literal

Unit = Literal["word", "sentence", "line", "paragraph"]
UNITS: tuple[Unit, ...] = ("word", "sentence", "line", "paragraph")
CONTEXT = 240  # characters before a caret that are worth giving to `EndFinder`

JOINERS = "'’-\u2010\u2011"  # inside a word where letters stand on both sides
_EASTERN = "。！？｡．"  # end a sentence without a space after them
_STOPS = ".!?…‽؟۔।॥։" + _EASTERN
_CLOSERS = "\"'”’»›)]}*_」』）】》〉〕］"
_OPENERS = "\"'“‘«‹„‚([{¿¡*_#>—–-「『（【《〈"
_CANDIDATE = re.compile(rf"[{re.escape(_STOPS)}\n]")
_GAP = re.compile(r"\n[^\S\n]*\n")  # what paragraphs have between them
_FEW = 40  # letters in which a text that has capitals shows one

# What a full stop belongs to whatever follows, in lower case and without its last stop.
_ALWAYS = (
    "mr mrs ms messrs mx dr prof rev fr hon st mt gen col maj capt lt sgt cpl gov sen rep pres mme mlle mgr hr frau "
    "sr sra srta dra ud uds dña vs cf viz ca approx ed eds e.g i.e z.b d.h u.a o.ä bzw dipl ing p.ej"
)
# What it belongs to where a number follows: "No. 5", but "She said no."
_BEFORE_NUMBERS = "no nos nr vol p pp ch art fig sec par bd str bk op"
_ABBREVIATIONS, _NUMBERED = frozenset(_ALWAYS.split()), frozenset(_BEFORE_NUMBERS.split())


class EndFinder:
    """Give it a text piece by piece: it tells where the first unit ends.

    `before` is what stands before the text, as far as it matters (`CONTEXT`): the "Mr" to which a stop belongs. An end
    is counted from the text's beginning, without the spaces after it, and something of the unit is in the text.
    """

    def __init__(self, unit: Unit, before: str = "") -> None:
        self._unit = unit
        self._text = before[-CONTEXT:]
        self._base = len(self._text)
        self._at = self._base  # everything before this has been looked at
        self._doubt: int | None = None  # where something stands of which only what follows tells whether it is an end
        self._end: int | None = None

    def push(self, text: str) -> int | None:
        """Takes the next piece; returns the end where it is certain by now."""
        self._text += text
        return self._search(final=False)

    def finish(self) -> int | None:
        """The same when nothing follows any more: what was waiting for a next character is decided."""
        return self._search(final=True)

    @property
    def settled(self) -> int:
        """Characters of the text that stand before any end, whatever comes next."""
        return len(self._text[self._base : self._doubt].rstrip().rstrip(JOINERS))

    def _search(self, *, final: bool) -> int | None:
        self._doubt = None
        if self._end is None:
            match self._unit:
                case "word":
                    end = self._word_end(final)
                case "sentence":
                    end = self._sentence_end(final)
                case "line":
                    end = self._line_end()
                case "paragraph":
                    end = self._paragraph_end()
            self._end = None if end is None else end - self._base
        return self._end

    def _word_end(self, final: bool) -> int | None:
        text = self._text
        while self._at < len(text) and not is_letter(text[self._at]):
            self._at += 1
        end = self._at
        if end == len(text):
            return None
        alone = stands_alone(text[end])
        end += 1
        while end < len(text):
            if is_mark(text[end]) or (is_letter(text[end]) and not alone and not stands_alone(text[end])):
                end += 1
            elif text[end] in JOINERS and not alone and end + 1 < len(text) and is_letter(text[end + 1]):
                end += 2
            elif text[end] in JOINERS and not alone and end + 1 == len(text) and not final:
                return None
            else:
                return end
        return end if final else None

    def _line_end(self) -> int | None:
        place = self._text.find("\n", self._at)
        while place >= 0:
            self._at = place + 1
            if self._text[self._base : place].strip():
                return place
            place = self._text.find("\n", self._at)
        return None

    def _paragraph_end(self) -> int | None:
        for match in _GAP.finditer(self._text, self._base):
            end = self._content_end(match.start())
            if end is not None:
                return end
        return None

    def _content_end(self, place: int) -> int | None:
        """Where what stands before `place` ends; None where the text has brought nothing but spaces."""
        content = self._text[self._base : place].rstrip()
        return self._base + len(content) if content else None

    def _sentence_end(self, final: bool) -> int | None:
        while (match := _CANDIDATE.search(self._text, self._at)) is not None:
            place = match.start()
            verdict = self._paragraph_at(place) if match.group() == "\n" else self._stop_at(place, final)
            if verdict is None and not final:
                self._doubt = place
                return None  # not certain yet: looked at again with the next piece
            if verdict is not None and verdict[0] is not None:
                return verdict[0]
            self._at = place + 1 if verdict is None else verdict[1]
        self._at = max(self._at, len(self._text))
        return None

    def _paragraph_at(self, place: int) -> tuple[int | None, int] | None:
        """For a line end: the sentence's end or None, and where to look on; None alone where it is not certain yet."""
        following = place + 1
        while following < len(self._text) and self._text[following].isspace():
            if self._text[following] == "\n":
                return self._content_end(place), following
            following += 1
        return (None, following) if following < len(self._text) else None

    def _stop_at(self, place: int, final: bool) -> tuple[int | None, int] | None:
        """The same for a full stop or one of its kind."""
        text, length = self._text, len(self._text)
        after = place + 1
        while after < length and text[after] in _STOPS:
            after += 1
        end = after
        while end < length and text[end] in _CLOSERS:
            end += 1
        if end == length and not final:
            return None
        if text[after - 1] in _EASTERN:
            quoted = end > after and text[end : end + 1] == "と"  # 「行く。」と言った
            return (None if quoted else end), end
        if end < length and not text[end].isspace():
            return None, end
        following, lines = end, 0
        while following < length and text[following].isspace():
            lines += text[following] == "\n"
            following += 1
        if lines >= 2:
            return end, following
        while following < length and (text[following] in _OPENERS or text[following].isspace()):
            following += 1
        if following + 1 >= length and not final:  # one more is wanted: "I" is a word and a letter
            return None
        stops = text[place:after]
        goes_on = self._goes_on(place, following, stops, closed=end > after)
        return (None if goes_on else end), end

    def _goes_on(self, place: int, following: int, stops: str, *, closed: bool) -> bool:
        """Whether the sentence goes on after these stops, and what follows them there."""
        text = self._text
        ahead = text[following : following + 2]
        if ahead[:1].islower() and self._has_capitals(place):
            return True
        if stops == "." and not closed and belongs(text[:place], ahead[:1]):
            return True
        # "Well ... I don't know": the pronoun is a capital anywhere.
        return len(stops.replace("…", "...")) > 1 and ahead[:1] == "I" and not ahead[1:].isalpha()

    def _has_capitals(self, place: int) -> bool:
        """Whether the text so far uses them; one that is too short to tell is taken to."""
        letters = [character for character in self._text[:place] if character.isalpha()]
        return len(letters) < _FEW or any(character.isupper() for character in letters)


def belongs(before: str, following: str) -> bool:
    """Whether a full stop after `before` belongs to its last word, an abbreviation or a number, and ends nothing."""
    start = len(before)
    while start > 0 and not before[start - 1].isspace() and before[start - 1] not in "([{\"'“‘«—–/":
        start -= 1
    word = before[start:]
    plain = word.lower()
    if plain in _ABBREVIATIONS or (plain in _NUMBERED and following.isdigit()):
        return True
    if word.isdigit():  # "1. First": a number in a list
        return not before[:start].rpartition("\n")[2].strip() and len(word) <= 3
    # Initials, "J." and "U.S."; "I" is rather the pronoun.
    return word != "I" and all(len(part) == 1 and part.isupper() for part in word.split("."))


def ends(text: str, unit: Unit) -> list[int]:
    """Where all units of a whole text end."""
    found: list[int] = []
    start = 0
    while start < len(text):
        finder = EndFinder(unit, text[:start])
        end = finder.push(text[start:])
        end = finder.finish() if end is None else end
        if end is None:
            break
        start += end
        found.append(start)
    return found


def is_mark(character: str) -> bool:
    """Whether it is written onto the letter before it."""
    return character > "\u02ff" and unicodedata.category(character)[0] == "M"


def is_letter(character: str) -> bool:
    """Whether it is part of a word: a letter, a number, or a mark on one."""
    return character.isalnum() or is_mark(character)


def stands_alone(character: str) -> bool:
    """Whether its script is written without spaces, so that each letter counts as a word."""
    return character > "\u0dff" and (
        "\u3040" <= character <= "\u30ff"
        or "\u3400" <= character <= "\u9fff"
        or "\uf900" <= character <= "\ufaff"
        or "\u0e00" <= character <= "\u0eff"
        or "\u1000" <= character <= "\u109f"
        or "\u1780" <= character <= "\u17ff"
        or "\U00020000" <= character <= "\U0003ffff"
    )
