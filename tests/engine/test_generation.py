"""Stop strings against a plain search, and a continuation's lengths."""

from hypothesis import given
from hypothesis import strategies as st

from engine.generation import StopStrings

texts = st.text(alphabet="ab\n", max_size=12)


@given(st.lists(texts, max_size=20), st.lists(texts, max_size=3))
def test_what_gets_through_is_the_text_up_to_the_first_stop_string(pieces: list[str], stop: list[str]) -> None:
    watcher = StopStrings(stop)
    shown, stopped = "", False
    seen = ""
    for piece in pieces:
        seen += piece
        text, stopped = watcher.push(piece)
        shown += text
        if stopped:
            break
    places = [seen.find(s) for s in stop if s and s in seen]
    if stopped:
        assert shown == seen[: min(places)]
    else:
        assert not places
        assert shown + watcher.release() == seen


@given(st.lists(texts, max_size=20))
def test_without_stop_strings_nothing_is_held_back(pieces: list[str]) -> None:
    watcher = StopStrings([])
    assert [watcher.push(piece) for piece in pieces] == [(piece, False) for piece in pieces]
