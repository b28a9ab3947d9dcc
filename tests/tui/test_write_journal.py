"""The journal: whatever is done, and wherever it is cut, what comes back is a state that the text has been in."""

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpora.errors import InputError
from engine.protocol import Turn
from engine.settings import Dials
from tui.exporting.documents import FORMATS, export
from tui.manuscript.history import Node
from tui.manuscript.journal import InUse, Journal, journal_file
from tui.manuscript.journal_records import CaretAt, Pending, TakeRecord, snapshot_of
from tui.manuscript.journal_replay import Restored, replay
from tui.manuscript.lines import Location, advance
from tui.manuscript.manuscript import Manuscript
from tui.manuscript.opening import Opened, find_left, new_document, open_document, take_over
from tui.manuscript.recipes import Recipe
from tui.manuscript.takes import Take
from tui.regenerating.written import Past, written

TEXTS = st.text(alphabet=st.sampled_from("ab \né字"), min_size=1, max_size=6)
MOVE = st.one_of(
    st.tuples(st.just("edit"), st.integers(0, 60), st.integers(0, 4), TEXTS),
    st.tuples(st.just("type"), st.integers(0, 60), st.integers(1, 5), st.just("")),
    st.tuples(st.just("take"), st.integers(0, 60), st.integers(0, 2), TEXTS),
    st.tuples(st.sampled_from(["undo", "redo", "split", "merge", "pin"]), st.integers(0, 60), st.just(0), st.just("")),
    st.tuples(st.just("fill"), st.integers(0, 60), st.integers(0, 9), TEXTS),
    st.tuples(st.just("go"), st.integers(0, 60), st.just(0), st.just("")),
)
MOVES = st.lists(MOVE, max_size=20)
LEFT_PENDING = st.tuples(st.sampled_from(["stream", "retry", "turn", "drop"]), st.integers(0, 60), st.just(1), TEXTS)


def place_of(text: str, index: int) -> Location:
    return advance((0, 0), text[: min(index, len(text))])


def do(manuscript: Manuscript, move: tuple[str, int, int, str]) -> None:
    """One thing that a writer may do."""
    what, at, count, text = move
    whole, history = manuscript.text, manuscript.history
    place = place_of(whole, at)
    match what:
        case "edit":
            manuscript.edit(place, place_of(whole, at + count), text, (place, place))
        case "type":
            for character in "typed"[:count]:
                place = manuscript.edit(place, place, character, (place, place)).new_end
        case "take":
            recipe = Recipe("stream", history.here.number, place, length=at, turns=(Turn(1, Dials(temperature=at)),))
            manuscript.begin(place, Take("bard", at, Dials(), recipe=recipe))
            manuscript.write(text)
            if count == 0:
                manuscript.keep((place, place))
            else:
                manuscript.drop()
        case "fill":
            until = place_of(whole, at + count)
            recipe = Recipe("gap", history.here.number, place, until, number=count)
            take = Take("bard", at, Dials(), text, hash="5eed", exact=count > 4, recipe=recipe)
            manuscript.insert_take(place, take, text, (place, place), until)
        case "undo":
            manuscript.undo()
        case "redo":
            manuscript.redo()
        case "split":
            manuscript.split(place)
        case "merge":
            history.merge(list(history)[at % len(history.nodes)])
        case "pin":
            node = list(history)[at % len(history.nodes)]
            history.mark(node, pinned=not node.pinned, archived=at % 2 == 0)
        case "go":
            manuscript.go(list(history)[at % len(history.nodes)])


def do_pending(manuscript: Manuscript, move: tuple[str, int, int, str]) -> None:
    """The same, or something that leaves a take pending. What else is done keeps that first."""
    what, at, count, text = move
    takes = manuscript.takes if manuscript.offers_takes else None
    match what:
        case "stream" if manuscript.pending and takes is not None and not takes.shown.node:
            manuscript.write(text)
        case "stream" | "retry":
            place = takes.place if takes is not None else place_of(manuscript.text, at)
            manuscript.begin(place, Take("bard", at, Dials()))
            manuscript.write(text)
        case "turn" if takes is not None:
            manuscript.turn(count)
        case "drop" if manuscript.pending:
            manuscript.drop()
        case "turn" | "drop":
            pass
        case _:
            if manuscript.pending:
                manuscript.keep(((0, 0), (0, 0)))
            do(manuscript, move)


def pending_of(manuscript: Manuscript) -> str | None:
    return manuscript.takes.shown.text if manuscript.pending and manuscript.takes is not None else None


def state(manuscript: Manuscript) -> object:
    """All that must come back."""
    history = manuscript.history
    nodes = [
        (node.number, node.parent.number if node.parent else None, node.kind, node.changes, node.pinned, node.archived,
         node.grown, node.latest.number if node.latest else None,
         node.take and (node.take.node, node.take.hash, node.take.exact, node.take.recipe),
         node.joined, [(take.text, take.recipe) for take in node.earlier],
         [child.number for child in node.children])
        for node in history
    ]  # fmt: skip
    return manuscript.text, manuscript.body.origins, manuscript.body.by_model, history.position, nodes


def opened(root: Path, text: str = "seed\ntext") -> tuple[Opened, Journal]:
    manuscript = Manuscript(text, clock=lambda: 0.0)
    document = new_document(root, manuscript)
    assert document.journal is not None
    return document, document.journal


class Session:
    """A text in which a model writes, and what a kill now would leave of its journal."""

    def __init__(self, root: Path) -> None:
        self.document, self.journal = opened(root)
        self.manuscript = self.document.manuscript

    def take(self, text: str, seed: int = 1) -> Take:
        take = Take("bard", seed, Dials())
        self.manuscript.begin((1, 4), take)
        self.manuscript.write(text)
        return take

    def note(self) -> None:
        """What happens twice a second."""
        end = self.manuscript.body.end
        self.journal.note_state(self.manuscript, (end, end))
        self.journal.write(self.journal.take())

    def left(self) -> Restored:
        return replay(self.journal.file.read_bytes().split(b"\n")[:-1])

    def pending(self) -> str | None:
        pending = self.left().pending
        return pending.take.text if pending is not None else None


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(moves=st.lists(MOVE | LEFT_PENDING, max_size=20), flushes=st.sets(st.integers(0, 20)), share=st.floats(0, 1))
def test_a_journal_cut_anywhere_gives_a_state_that_was_and_whole_the_last_one(
    tmp_path: Path, moves: list[tuple[str, int, int, str]], flushes: set[int], share: float
) -> None:
    session = Session(tmp_path)
    manuscript, journal = session.manuscript, session.journal
    texts = {manuscript.text}
    manuscript.body.watchers.append(lambda change: texts.add(manuscript.body.text))
    for number, move in enumerate(moves):
        do_pending(manuscript, move)
        if number in flushes:
            session.note()
    session.note()
    journal.discard()
    if not journal.file.exists():
        return
    whole = journal.file.read_bytes()
    journal.file.unlink()
    lines = whole.split(b"\n")[:-1]
    restored, shown = replay(lines), pending_of(manuscript)
    assert (restored.pending and restored.pending.take.text) == shown
    if shown is not None:
        manuscript.drop()  # a restored one is a branch, to be brought back
    assert state(restored.manuscript) == state(manuscript)
    cut = whole[: len(lines[0]) + 1 + int(share * (len(whole) - len(lines[0]) - 1))]
    restored = replay(cut.split(b"\n")[:-1])
    assert restored.manuscript.text in texts
    if restored.pending is not None:
        restored.manuscript.turn(0)
        assert restored.manuscript.text in texts
        restored.manuscript.drop()
    while restored.manuscript.undo():
        pass
    assert restored.manuscript.text == "seed\ntext"


@settings(deadline=None, max_examples=60)
@given(moves=MOVES)
def test_every_node_of_the_tree_has_one_text_from_wherever_one_comes(moves: list[tuple[str, int, int, str]]) -> None:
    manuscript = Manuscript("seed\ntext", clock=lambda: 0.0)
    for move in moves:
        do(manuscript, move)
    nodes = list(manuscript.history)
    texts = {}
    for node in nodes:
        manuscript.go(node)
        texts[node.number] = (manuscript.text, list(manuscript.body.origins))
    for node in reversed(nodes):
        manuscript.go(node)
        assert texts[node.number] == (manuscript.text, list(manuscript.body.origins))
        assert sum(map(len, manuscript.body.lines)) == manuscript.body.characters


@settings(deadline=None, max_examples=60)
@given(moves=MOVES)
def test_the_text_that_a_take_was_written_from_is_found_whatever_was_split_and_joined_since(
    moves: list[tuple[str, int, int, str]],
) -> None:
    manuscript = Manuscript("seed\ntext", clock=lambda: 0.0)
    texts: dict[int, str] = {}
    for move in moves:
        if move[0] in ("take", "fill"):
            texts[manuscript.history.here.number] = manuscript.text
        do(manuscript, move)
    past = Past(manuscript)
    for each in written(manuscript.history):
        assert each.take.recipe is not None
        with past.text_of(each.take.recipe.node) as body:
            assert body.text == texts[each.take.recipe.node]


def test_text_caret_undo_and_branches_come_back_after_a_kill(tmp_path: Path) -> None:
    program = f"""
import os, signal
from pathlib import Path
from tui.manuscript.opening import open_document
opened = open_document(Path({str(tmp_path / "poem.txt")!r}), Path({str(tmp_path)!r}))
caret = (0, 0)
for character in "rain":
    caret = opened.manuscript.edit(caret, caret, character, (caret, caret)).new_end
opened.manuscript.undo()
opened.manuscript.edit((0, 0), (0, 0), "snow", ((0, 0), (0, 0)))
opened.journal.note_state(opened.manuscript, ((0, 2), (0, 2)))
opened.journal.write(opened.journal.take())
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -9
    (left,) = find_left(tmp_path)
    document = left.opened()
    assert (document.manuscript.text, document.caret, left.name) == ("snow", (0, 2), "poem.txt")
    assert [node.said for node in document.manuscript.history] == ["", "rain", "snow"]
    document.manuscript.undo()
    assert document.manuscript.text == ""
    left.journal.discard()


def test_garbage_in_the_middle_costs_what_follows_it_and_is_told(tmp_path: Path) -> None:
    document, journal = opened(tmp_path, "")
    for word in ("one ", "two ", "three "):
        end = document.manuscript.body.end
        document.manuscript.edit(end, end, word, (end, end))
    journal.write(journal.take())
    journal.discard()
    lines = journal.file.read_bytes().split(b"\n")
    lines[2] = b"\x00\xffnonsense"
    journal.file.write_bytes(b"\n".join(lines))
    (left,) = find_left(tmp_path)
    assert left.restored.manuscript.text == "one "
    assert left.restored.lost == 2
    assert "damaged" in left.opened().notices[0]
    left.journal.discard()
    assert list(journal.file.parent.glob("*.damaged-*"))


def test_a_journal_without_a_first_line_leaves_the_file_to_be_opened(tmp_path: Path) -> None:
    path = tmp_path / "poem.txt"
    path.write_text("one")
    file = journal_file(path, tmp_path)
    file.parent.mkdir()
    file.write_bytes(b"{\n")
    document = open_document(path, tmp_path)
    assert document.manuscript.text == "one"
    assert "set aside" in document.notices[0]
    assert document.journal is not None
    document.journal.discard()


NO_RIGHT = PermissionError(errno.EACCES, "Permission denied")


def refuse(*_: object, **__: object) -> None:
    raise NO_RIGHT


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("content", [None, b"{\n", b'{"format": 99}\n'])
def test_a_journal_of_no_use_is_kept_whole_where_the_app_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, links: bool
) -> None:
    path, file = with_journal(tmp_path)
    if content is not None:
        file.write_bytes(content)
    before = file.read_bytes()
    with monkeypatch.context() as patch:
        if content is None:
            patch.setattr(Path, "read_bytes", lambda place: refuse() if place == file else place.open("rb").read())
        if not links:
            patch.setattr(Path, "hardlink_to", refuse)
        document = open_document(path, tmp_path)
    assert document.journal is not None
    document.manuscript.edit((0, 0), (0, 0), "new ", ((0, 0), (0, 0)))
    document.journal.write(document.journal.take())
    document.journal.discard()
    (aside,) = (tmp_path / "documents").glob("*.damaged-*")
    assert aside.name in document.notices[0]
    assert aside.read_bytes() == before
    assert file.read_bytes() != before


def test_a_journal_that_can_be_neither_read_nor_set_aside_is_not_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, file = with_journal(tmp_path)
    file.write_bytes(b"{\n")
    monkeypatch.setattr(Path, "hardlink_to", refuse)
    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(InputError, match="can't be set aside either"):
        open_document(path, tmp_path)
    assert file.read_bytes() == b"{\n"
    Journal(file).discard()  # nobody holds it


def test_looking_for_unsaved_texts_changes_no_journal(tmp_path: Path) -> None:
    _, file = with_journal(tmp_path)
    file.write_bytes(file.read_bytes() + b"nonsense\n")
    for left in find_left(tmp_path):
        left.journal.discard()
    assert list((tmp_path / "documents").iterdir()) == [file]


def with_journal(root: Path) -> tuple[Path, Path]:
    """A document and its journal, in which something is unsaved."""
    path = root / "poem.txt"
    path.write_text("one")
    document = open_document(path, root)
    assert document.journal is not None
    document.manuscript.edit((0, 0), (0, 0), "my ", ((0, 0), (0, 0)))
    document.journal.close(unsaved=True)
    return path, document.journal.file


def test_a_take_at_a_place_that_is_not_there_costs_only_itself(tmp_path: Path) -> None:
    _, file = with_journal(tmp_path)
    lost = Pending((99, 0), TakeRecord("bard", 1, Dials(), "lost"))
    file.write_bytes(file.read_bytes() + msgspec.json.encode(lost) + b"\n")
    (left,) = find_left(tmp_path)
    assert (left.restored.manuscript.text, left.restored.lost) == ("my one", 1)
    left.journal.discard()


def test_a_caret_that_is_not_in_the_text_is_brought_into_it(tmp_path: Path) -> None:
    _, file = with_journal(tmp_path)
    file.write_bytes(file.read_bytes() + msgspec.json.encode(CaretAt(((99, 0), (0, 99)))) + b"\n")
    (left,) = find_left(tmp_path)
    assert left.restored.caret == ((0, 0), (0, 6))
    left.journal.discard()


def test_a_journal_is_for_nobody_else_to_read(tmp_path: Path) -> None:
    _, file = with_journal(tmp_path)
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_document_whose_name_is_no_text_has_a_journal_too(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.txt")
    path.write_text("one")
    document = open_document(path, tmp_path)
    assert document.journal is not None
    document.manuscript.edit((0, 0), (0, 0), "my ", ((0, 0), (0, 0)))
    document.journal.close(unsaved=True)
    (left,) = find_left(tmp_path)
    assert left.path == path
    left.journal.discard()
    assert all(export(document.manuscript, each.name, path.name) for each in FORMATS)


def test_a_document_is_held_by_one_window_at_a_time(tmp_path: Path) -> None:
    document, journal = opened(tmp_path)
    with pytest.raises(InUse):
        Journal(journal.file)
    journal.discard()
    Journal(journal.file).discard()
    assert list((tmp_path / "documents").iterdir()) == []
    assert document.manuscript.text == "seed\ntext"


def test_a_journal_whose_lock_was_deleted_stays_with_the_window_that_took_hold_of_it_since(tmp_path: Path) -> None:
    document, journal = opened(tmp_path)
    document.manuscript.edit((0, 0), (0, 0), "X", ((0, 0), (0, 0)))
    shutil.rmtree(tmp_path / "documents")
    other = Journal(journal.file)
    with pytest.raises(InUse):
        journal.write(journal.take())
    journal.discard()
    with pytest.raises(InUse):
        Journal(journal.file)
    other.discard()


def test_a_journal_whose_lock_was_deleted_is_held_again(tmp_path: Path) -> None:
    document, journal = opened(tmp_path)
    document.manuscript.edit((0, 0), (0, 0), "X", ((0, 0), (0, 0)))
    shutil.rmtree(tmp_path / "documents")
    journal.write(journal.take())
    with pytest.raises(InUse):
        Journal(journal.file)
    journal.discard()


def test_what_others_made_of_a_file_is_one_step_of_its_history(tmp_path: Path) -> None:
    path = tmp_path / "poem.txt"
    path.write_text("one\ntwo\nthree")
    first = open_document(path, tmp_path)
    assert first.journal is not None
    first.manuscript.edit((0, 0), (0, 0), "X", ((0, 0), (0, 0)))
    first.manuscript.undo()
    first.journal.close(unsaved=False)
    path.write_text("one\n2\nthree")
    second = open_document(path, tmp_path)
    assert (second.manuscript.text, second.saved_at) == ("one\n2\nthree", second.manuscript.history.position)
    step = second.manuscript.undo()
    assert step is not None and (step.kind, step.changes[0].removed) == ("outside", "two")
    assert [node.said for node in second.manuscript.history] == ["", "X", "2"]
    assert second.journal is not None
    second.journal.discard()


def test_what_others_leave_alone_keeps_its_author_also_between_two_changes() -> None:
    manuscript = Manuscript("Teh title\n\n")
    manuscript.begin((2, 0), Take("bard", 1, Dials()))
    manuscript.write("rain on the mill\nand on the road\n")
    manuscript.keep(((4, 0), (4, 0)))
    manuscript.edit((4, 0), (4, 0), "the end\n", ((4, 0), (4, 0)))
    before = list(manuscript.body.origins)
    take_over(manuscript, "The title\n\nrain on a mill\nand on the road\nthe End\n")
    assert manuscript.text == "The title\n\nrain on a mill\nand on the road\nthe End\n"
    assert manuscript.body.origins == [(), (), ((8, 1), (1, -1), (5, 1)), ((15, 1),), (), ()]
    manuscript.undo()
    assert manuscript.body.origins == before


@given(st.text("ab \n字", max_size=30), st.text("ab \n字", max_size=30))
def test_a_text_that_is_taken_over_is_the_new_one_and_an_undo_the_old_one(old: str, new: str) -> None:
    manuscript = Manuscript()
    manuscript.begin((0, 0), Take("bard", 1, Dials()))
    manuscript.write("x" + old)
    manuscript.keep(((0, 0), (0, 0)))
    before = list(manuscript.body.origins)
    take_over(manuscript, "x" + new)
    assert manuscript.text == "x" + new
    for line, runs in zip(manuscript.body.lines, manuscript.body.origins, strict=True):
        assert not runs or sum(length for length, _ in runs) == len(line)
    if new != old:
        manuscript.undo()
    assert (manuscript.text, manuscript.body.origins) == ("x" + old, before)


def test_a_journal_does_not_grow_with_each_session(tmp_path: Path) -> None:
    path = tmp_path / "poem.txt"
    path.write_text("one")
    sizes = []
    for _ in range(4):
        document = open_document(path, tmp_path)
        assert document.journal is not None
        document.manuscript.edit((0, 0), (0, 0), "X", ((0, 0), (0, 0)))
        for _ in range(50):
            document.manuscript.undo()
            document.manuscript.redo()
        document.manuscript.undo()
        document.journal.close(unsaved=False)
        sizes.append(document.journal.file.stat().st_size)
    assert sizes[-1] - sizes[0] < 1000


def test_a_caret_that_only_moved_is_found_where_it_was_left(tmp_path: Path) -> None:
    path = tmp_path / "poem.txt"
    path.write_text("one")
    for caret in ((0, 1), (0, 2)):
        document = open_document(path, tmp_path)
        assert document.journal is not None
        if caret == (0, 1):
            document.manuscript.edit((0, 3), (0, 3), "X", ((0, 3), (0, 3)))
            document.manuscript.undo()
        document.journal.note_state(document.manuscript, (caret, caret))
        document.journal.close(unsaved=False)
    document = open_document(path, tmp_path)
    assert document.journal is not None
    document.journal.discard()
    assert document.caret == (0, 2)


def test_a_text_saved_just_before_a_crash_is_not_offered_again(tmp_path: Path) -> None:
    path = tmp_path / "poem.txt"
    document = open_document(path, tmp_path)
    assert document.journal is not None
    document.manuscript.edit((0, 0), (0, 0), "rain", ((0, 0), (0, 0)))
    document.journal.write(document.journal.take())
    path.write_text("rain")
    document.journal.discard()
    assert find_left(tmp_path) == []
    again = open_document(path, tmp_path)
    assert again.journal is not None
    again.journal.discard()
    assert again.saved_at == again.manuscript.history.position != (0, 0)


def test_a_journal_of_a_newer_pantoum_is_refused_in_words() -> None:
    first = snapshot_of(Manuscript("x"), ((0, 0), (0, 0)), Opened(Manuscript(), None, None, None).state())
    with pytest.raises(InputError, match="newer Pantoum"):
        replay([msgspec.json.encode(msgspec.structs.replace(first, format=99))])


def said(nodes: list[Node]) -> list[str]:
    return [node.said for node in nodes]


def test_splitting_a_take_lets_another_one_begin_in_its_middle() -> None:

    manuscript = Manuscript("")
    manuscript.begin((0, 0), Take("bard", 1, Dials()))
    manuscript.write("rain on the mill")
    manuscript.keep(((0, 16), (0, 16)))
    head = manuscript.split((0, 8))
    assert head is not None
    assert said(list(manuscript.history)) == ["", "rain on ", "the mill"]
    assert manuscript.text == "rain on the mill"
    manuscript.go(head)
    manuscript.begin((0, 8), Take("bard", 2, Dials()))
    manuscript.write("no road")
    manuscript.keep(((0, 15), (0, 15)))
    assert said(head.children) == ["the mill", "no road"]
    assert manuscript.own_share == 0.0
    manuscript.edit((0, 3), (0, 3), "XX", ((0, 3), (0, 3)))
    assert manuscript.own_share == pytest.approx(2 / 17)
    assert manuscript.body.origins[0][1] == (2, -1 * abs(manuscript.body.origins[0][0][1]))


def typed(manuscript: Manuscript, place: Location, text: str) -> None:
    for character in text:
        place = manuscript.edit(place, place, character, (place, place)).new_end


def test_splitting_what_was_typed_into_a_take_leaves_the_take_whole() -> None:
    manuscript = Manuscript("", clock=lambda: 0.0)
    manuscript.insert_take((0, 0), Take("bard", 1, Dials()), "hello world", ((0, 0), (0, 0)))
    typed(manuscript, (0, 5), "abc")
    head = manuscript.split((0, 6))
    assert head is not None
    assert said(list(manuscript.history)) == ["", "hello world", "a", "bc"]
    assert manuscript.text == "helloabc world"
    manuscript.go(head)
    assert manuscript.text == "helloa world"
    manuscript.redo()
    assert manuscript.text == "helloabc world"
    assert manuscript.split((0, 6)) is head  # it ends there already
    assert manuscript.split((0, 8)) is None  # what follows is older than what stands before
    assert len(list(manuscript.history)) == 4


def test_steps_that_were_joined_are_split_again_between_them(tmp_path: Path) -> None:
    document, journal = opened(tmp_path, "")
    manuscript = document.manuscript
    typed(manuscript, (0, 0), "one ")
    for text in ("two ", "three"):
        manuscript.history.close()
        typed(manuscript, manuscript.body.end, text)
        manuscript.history.merge(manuscript.history.here)
    joined = manuscript.history.here.joined
    assert said(list(manuscript.history)) == ["", "one two three"]
    head = manuscript.split((0, 8))
    assert head is not None and manuscript.history.here.parent is head
    assert said(list(manuscript.history)) == ["", "one two ", "three"]
    assert (head.joined, manuscript.history.here.joined) == (joined, [])
    journal.write(journal.take())
    assert state(replay(journal.file.read_bytes().split(b"\n")[:-1]).manuscript) == state(manuscript)
    journal.discard()


def test_a_take_that_streamed_when_the_app_was_killed_comes_back_with_its_recipe(tmp_path: Path) -> None:
    document, journal = opened(tmp_path)
    manuscript = document.manuscript
    recipe = Recipe("stream", 0, (1, 4), length=400)
    take = Take("bard", 7, Dials(), hash="5eed", recipe=recipe)
    manuscript.begin((1, 4), take)
    manuscript.write(" and")
    journal.note_state(manuscript, ((1, 4), (1, 4)))
    take.recipe = turned = msgspec.structs.replace(recipe, turns=(Turn(4, Dials(temperature=1.2)),))
    manuscript.write(" more")
    journal.note_state(manuscript, ((1, 4), (1, 4)))
    journal.write(journal.take())
    journal.discard()
    (left,) = find_left(tmp_path)
    left.journal.discard()
    (found,) = written(left.restored.manuscript.history)
    assert (found.take.text, found.take.recipe) == (" and more", turned)


def test_a_take_that_was_dropped_is_not_pending_after_a_kill_and_one_that_was_brought_back_is(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.take(" one")
    session.note()
    session.take(" two", 2)
    session.note()
    session.manuscript.turn(-1)  # back to the first, which is a branch by now
    session.note()
    assert session.pending() == " one"
    session.manuscript.drop()
    session.note()
    assert (session.pending(), session.left().unsaved) == (None, False)
    session.manuscript.turn(0)
    session.note()
    assert session.pending() == " one"
    session.manuscript.drop()
    session.manuscript.turn(0)  # faster than the journal is written
    session.note()
    assert session.pending() == " one"
    session.journal.discard()


def test_a_take_that_streams_is_noted_once_however_often_the_journal_is_written(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.take("x" * 1000)
    for _ in range(99):
        session.note()
        session.manuscript.write("x" * 1000)
    session.note()
    assert session.pending() == "x" * 100_000
    assert session.journal.file.stat().st_size < 120_000
    session.journal.discard()


def test_a_journal_begun_anew_while_a_take_streams_has_the_take_once_and_as_the_models(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.take(" kept")
    session.manuscript.keep(((1, 9), (1, 9)))
    session.take(" pending\nlines", 2)
    session.journal.begin(snapshot_of(session.manuscript, ((1, 4), (1, 4)), session.document.state()), rewrite=True)
    session.note()
    left = session.left()
    session.manuscript.drop()
    assert (left.pending is not None, state(left.manuscript)) == (True, state(session.manuscript))
    session.journal.discard()


def test_a_journal_of_an_older_pantoum_that_noted_takes_whole_is_still_read() -> None:
    first = snapshot_of(Manuscript("x"), ((0, 0), (0, 0)), Opened(Manuscript(), None, None, None).state())
    take = {"model": "bard", "seed": 1, "dials": Dials()}
    notes = [{"what": "pending", "place": (0, 1), "take": take | {"text": text}} for text in ("a", "ab")]
    lines = [msgspec.json.encode(msgspec.structs.replace(first, format=1)), *map(msgspec.json.encode, notes)]
    restored = replay(lines)
    assert (restored.lost, restored.pending and restored.pending.take.text) == (0, "ab")
