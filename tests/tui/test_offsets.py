"""Places counted in characters, against counting them."""

from hypothesis import given
from hypothesis import strategies as st

from tui.manuscript import offsets
from tui.manuscript.lines import Lines, Location
from tui.manuscript.offsets import Offsets

TEXTS = st.text(alphabet="ab\n日", max_size=40)
EDITS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), TEXTS), max_size=12)


def place_of(text: str, offset: int) -> Location:
    before = text[:offset]
    return before.count("\n"), len(before) - before.rfind("\n") - 1


@given(TEXTS, EDITS)
def test_offsets_stay_those_of_the_text_through_any_edits(text: str, edits: list[tuple[int, int, str]]) -> None:
    before, offsets.BLOCK = offsets.BLOCK, 2  # so that a short text has blocks to merge and to cut
    try:
        body = Lines(text)
        index = Offsets(body)
        for a, b, inserted in edits:
            start, end = sorted((min(a, len(text)), min(b, len(text))))
            index.changed(body.replace(place_of(text, start), place_of(text, end), inserted))
            text = text[:start] + inserted + text[end:]
            assert index.characters == len(text)
            for offset in range(len(text) + 1):
                assert index.offset(place_of(text, offset)) == offset
                assert index.location(offset) == place_of(text, offset)
    finally:
        offsets.BLOCK = before
