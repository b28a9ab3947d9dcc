"""The lines of the tree of branches, and what a search finds in them."""

import pytest

from engine.settings import Dials
from tui.manuscript.manuscript import Manuscript
from tui.manuscript.outline import SHOWN, outline
from tui.manuscript.recipes import Recipe
from tui.manuscript.takes import Take


def typed(manuscript: Manuscript, text: str) -> None:
    for character in text:
        place = manuscript.body.end
        manuscript.edit(place, place, character, (place, place))


def erased(manuscript: Manuscript, keys: int) -> None:
    for _ in range(keys):
        end = manuscript.body.end
        manuscript.edit((end[0], end[1] - 1), end, "", (end, end))


def found(manuscript: Manuscript, search: str) -> list[str]:
    return [branch.text for branch in outline(manuscript.history, search)]


def test_a_search_finds_every_word_of_a_long_text_without_a_fork_and_shows_it() -> None:
    manuscript = Manuscript("", clock=lambda: 0.0)
    text = " ".join(f"word{number}" for number in range(600))
    typed(manuscript, text)
    (line,) = [branch for branch in outline(manuscript.history) if branch.text]
    assert (line.steps, len(line.text)) == (-(-len(text) // 100), SHOWN)
    for number in range(600):
        (shown,) = found(manuscript, f"WORD{number} word{number + 1}" if number < 599 else "word599")
        assert f"word{number}" in shown and len(shown) <= SHOWN + 1


def test_a_search_finds_every_word_of_a_long_take() -> None:
    manuscript = Manuscript()
    manuscript.insert_take((0, 0), Take("bard", 1, Dials()), "rain " * 800 + "mill", ((0, 0), (0, 0)))
    (shown,) = found(manuscript, "mill")
    assert shown.startswith("…") and shown.endswith("mill")


@pytest.mark.parametrize("model", [False, True])
def test_a_search_finds_what_was_deleted(model: bool) -> None:
    manuscript = Manuscript("" if model else "no road home", clock=lambda: 0.0)
    if model:
        manuscript.insert_take((0, 0), Take("bard", 1, Dials()), "no road home", ((0, 0), (0, 0)))
    erased(manuscript, 5)
    assert found(manuscript, "home")[-1] == "⌫ home"
    assert [branch.text for branch in outline(manuscript.history)][-1].startswith("⌫")
    assert found(manuscript, "mill") == []


def test_words_that_were_chosen_one_by_one_are_one_line() -> None:
    manuscript = Manuscript("", clock=lambda: 0.0)
    typed(manuscript, "so ")
    for word in ("on ", "the ", "mill"):
        recipe = Recipe("list", manuscript.history.here.number, manuscript.body.end)
        take = Take("bard", 0, Dials(), word, recipe=recipe)
        manuscript.insert_take(manuscript.body.end, take, word, ((0, 0), (0, 0)))
    typed(manuscript, "!")
    assert [(branch.text, branch.steps) for branch in outline(manuscript.history)][1:] == [
        ("so", 1),
        ("on the mill", 3),
        ("!", 1),
    ]


def test_branches_of_one_fork_have_their_own_words() -> None:
    manuscript = Manuscript()
    for text in ("one", "two"):
        manuscript.edit((0, 0), (0, 0), text, ((0, 0), (0, 0)))
        manuscript.undo()
    assert (found(manuscript, "one"), found(manuscript, "two")) == (["one"], ["two"])


def test_what_is_searched_for_is_shown_also_behind_letters_that_get_longer_without_capitals() -> None:
    manuscript = Manuscript()
    take = Take("bard", 1, Dials())
    manuscript.insert_take((0, 0), take, "Straße " * 200 + "Mühle", ((0, 0), (0, 0)))
    (shown,) = found(manuscript, "mühle")
    assert shown.endswith("Mühle")
