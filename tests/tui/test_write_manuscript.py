"""The manuscript against plain strings: whatever is done to it, its text is what a simple model says."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from engine.settings import Dials
from tui.manuscript.counting import count_words
from tui.manuscript.history import History
from tui.manuscript.lines import Change, Lines, Location, advance
from tui.manuscript.manuscript import Manuscript
from tui.manuscript.takes import Take

TEXTS = st.text(alphabet=st.sampled_from("ab \n\x0c\u2028é字。“"), max_size=12)
MODEL_TEXTS = st.text(alphabet=st.sampled_from("xy \n"), max_size=8)


def place_of(text: str, index: int) -> Location:
    return advance((0, 0), text[:index])


def take(seed: int = 0) -> Take:
    return Take("bard", seed, Dials())


class Reference(RuleBasedStateMachine):
    """The same moves on a `Manuscript` and on a string with a list of strings to go back to."""

    def __init__(self) -> None:
        super().__init__()
        self.time = 0.0
        self.manuscript = Manuscript("seed\ntext", clock=lambda: self.time)
        self.text = "seed\ntext"  # without anything pending
        self.behind: list[str] = []
        self.ahead: list[str] = []
        self.at = 0
        self.takes: list[str] = []
        self.shown = -1
        self.pending = False

    def _edited(self, text: str) -> None:
        self.behind.append(self.text)
        self.ahead.clear()
        self.text = text
        self.takes = []

    @precondition(lambda self: not self.pending)
    @rule(start=st.integers(0, 40), length=st.integers(0, 5), text=TEXTS)
    def edit(self, start: int, length: int, text: str) -> None:
        start = min(start, len(self.text))
        end = min(start + length, len(self.text))
        if start == end and not text:
            return
        self.time += 10  # each edit is a step of its own
        a, b = place_of(self.text, start), place_of(self.text, end)
        self.manuscript.edit(a, b, text, (a, b))
        self._edited(self.text[:start] + text + self.text[end:])

    @precondition(lambda self: not self.pending)
    @rule()
    def undo(self) -> None:
        step = self.manuscript.undo()
        assert (step is not None) == bool(self.behind)
        if self.behind:
            self.ahead.append(self.text)
            self.text = self.behind.pop()
            self.takes = []

    @precondition(lambda self: not self.pending)
    @rule()
    def redo(self) -> None:
        step = self.manuscript.redo()
        assert (step is not None) == bool(self.ahead)
        if self.ahead:
            self.behind.append(self.text)
            self.text = self.ahead.pop()
            self.takes = []

    @precondition(lambda self: not self.pending)
    @rule(at=st.integers(0, 40))
    def continue_somewhere(self, at: int) -> None:
        at = min(at, len(self.text))
        if not (self.takes and at == self.at):
            self.takes = []
        self.manuscript.begin(place_of(self.text, at), take())
        self.at, self.pending = at, True
        self.takes.append("")
        self.shown = len(self.takes) - 1

    @precondition(lambda self: self.pending)
    @rule(text=MODEL_TEXTS)
    def stream(self, text: str) -> None:
        self.manuscript.write(text)
        self.takes[self.shown] += text

    @precondition(lambda self: self.takes)
    @rule()
    def retry(self) -> None:
        self.manuscript.begin(place_of(self.text, self.at), take())
        self.takes.append("")
        self.shown = len(self.takes) - 1
        self.pending = True

    @precondition(lambda self: self.takes)
    @rule(steps=st.integers(-3, 3))
    def turn(self, steps: int) -> None:
        self.manuscript.turn(steps)
        self._forget_empty()
        if self.pending:
            self.shown = (self.shown + steps) % len(self.takes)
        self.pending = True

    @precondition(lambda self: self.pending)
    @rule()
    def keep(self) -> None:
        text = self.takes[self.shown]
        assert self.manuscript.keep(((0, 0), (0, 0))) == bool(text)
        self.pending = False
        if text:
            self._edited(self.text[: self.at] + text + self.text[self.at :])
        self.takes = []

    @precondition(lambda self: self.pending)
    @rule()
    def drop(self) -> None:
        self.manuscript.drop()
        self._forget_empty()
        self.pending = False

    def _forget_empty(self) -> None:
        shown = self.takes[self.shown]
        kept = [(index, text) for index, text in enumerate(self.takes) if text] or [(self.shown, shown)]
        indices = [index for index, _ in kept]
        self.takes = [text for _, text in kept]
        self.shown = indices.index(self.shown) if self.shown in indices else len(kept) - 1

    @invariant()
    def same_text(self) -> None:
        pending = self.takes[self.shown] if self.pending else ""
        expected = self.text[: self.at] + pending + self.text[self.at :] if self.pending else self.text
        assert self.manuscript.text == expected
        assert self.manuscript.body.words == sum(map(count_words, expected.split("\n")))

    @invariant()
    def same_takes(self) -> None:
        assert self.manuscript.offers_takes == bool(self.takes)


Reference.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestManuscriptAgainstStrings = Reference.TestCase


@given(text=TEXTS, start=st.integers(0, 12), end=st.integers(0, 12), new=TEXTS, place=st.integers(0, 12))
def test_a_place_moves_with_the_characters_around_it(text: str, start: int, end: int, new: str, place: int) -> None:
    start, end = sorted((min(start, len(text)), min(end, len(text))))
    place = min(place, len(text))
    change = Lines(text).replace(place_of(text, start), place_of(text, end), new)
    after = text[:start] + new + text[end:]
    if place < start or (place == start < end):
        index = place
    elif place < end:
        index = start + len(new)
    else:
        index = place + len(new) - (end - start)
    assert change.moved(place_of(text, place)) == place_of(after, index)


@given(text=TEXTS, index=st.integers(0, 12), limit=st.integers(1, 15))
def test_text_before_a_place_is_the_tail_of_what_stands_there(text: str, index: int, limit: int) -> None:
    index = min(index, len(text))
    assert Lines(text).before(place_of(text, index), limit) == text[:index][-limit:]


def test_a_change_and_its_inverse_leave_the_text_as_it_was() -> None:
    lines = Lines("one\ntwo\nthree")
    change = lines.replace((0, 1), (2, 2), "x\ny")
    back = change.inverse()
    lines.replace(back.start, back.end, back.inserted)
    assert lines.text == "one\ntwo\nthree"


def typed(history: History, start: int, text: str) -> None:
    for offset, character in enumerate(text, start):
        history.record(Change((0, offset), (0, offset), (0, offset + 1), "", character), ((0, 0),) * 2, ((0, 0),) * 2)


def test_a_run_of_typing_is_one_step_until_the_writer_pauses() -> None:
    now = [0.0]
    history = History(clock=lambda: now[0])
    typed(history, 0, "abc")
    now[0] = 5.0
    typed(history, 3, "de")
    steps = [history.undo(), history.undo(), history.undo()]
    assert [step.said if step else "" for step in steps] == ["de", "abc", ""]


def test_a_step_that_is_closed_takes_no_more_typing() -> None:
    history = History(clock=lambda: 0.0)
    typed(history, 0, "ab")
    saved = history.position
    history.close()
    typed(history, 2, "c")
    assert history.position != saved
    history.undo()
    assert history.position == saved


def test_positions_never_come_back_with_another_text() -> None:
    history = History(clock=lambda: 0.0)
    typed(history, 0, "a")
    first = history.position
    history.undo()
    typed(history, 0, "b")
    assert history.position != first


def test_a_kept_continuation_is_one_step_between_the_writers_own() -> None:
    manuscript = Manuscript("", clock=lambda: 0.0)
    manuscript.edit((0, 0), (0, 0), "a", ((0, 0), (0, 0)))
    manuscript.begin((0, 1), take())
    for piece in ("x", "y", "\nz"):
        manuscript.write(piece)
    manuscript.keep(((1, 1), (1, 1)))
    manuscript.edit((1, 1), (1, 1), "b", ((1, 1), (1, 1)))
    texts = []
    while manuscript.undo():
        texts.append(manuscript.text)
    assert texts == ["axy\nz", "a", ""]


def test_line_ends_of_a_model_are_those_of_the_manuscript() -> None:
    manuscript = Manuscript("")
    manuscript.begin((0, 0), take())
    manuscript.write("a\r\nb\rc")
    assert manuscript.takes is not None
    assert manuscript.text == manuscript.takes.shown.text == "a\nb\nc"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("came--a  gentle", 2),
        ("《论诗三十首》", 5),
        ("心画心声，总失真。", 7),
        ("“I don’t—well…” he said.", 5),
        ("買う iPhone", 3),
    ],
)
def test_words_stand_between_spaces_and_each_character_of_scripts_without_them_is_one(text: str, words: int) -> None:
    assert count_words(text) == words
    assert Lines(f"{text}\n\n{text}").words == 2 * words
