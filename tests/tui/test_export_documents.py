"""Exporting what was written: text, Markdown, a page, the branches, a replay."""

import json
import os
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from corpora.errors import InputError
from engine.settings import Dials
from tests.tui.test_write_documents import name_file
from tests.tui.write_help import writing
from tui.commandline.app import app
from tui.exporting.documents import export, read_document
from tui.exporting.markdown import markdown
from tui.exporting.passages import passages
from tui.exporting.replay import Recording, replay
from tui.manuscript.lines import advance
from tui.manuscript.manuscript import Manuscript
from tui.manuscript.opening import open_document
from tui.manuscript.takes import Take
from tui.widgets.dialogs import ChoiceDialog

TEXTS = st.text(alphabet=st.sampled_from('ab \n<>&"字*#'), max_size=12)


def written(text: str = "The river <b>goes</b>", model: str = "bard & co") -> Manuscript:
    """A text that a model went on with, within which the writer then changed something."""
    manuscript = Manuscript(text)
    end = manuscript.body.end
    manuscript.insert_take(end, Take(model, 7, Dials(), "\nto the sea & back"), "\nto the sea & back", (end, end))
    manuscript.edit((1, 3), (1, 3), "my ", ((1, 3), (1, 3)))
    return manuscript


@st.composite
def histories(draw: st.DrawFn) -> Manuscript:
    """Edits, takes, undos and forks."""
    manuscript = Manuscript(draw(TEXTS))
    for _ in range(draw(st.integers(0, 8))):
        whole = manuscript.text
        start = draw(st.integers(0, len(whole)))
        here, there = advance((0, 0), whole[:start]), advance((0, 0), whole[: start + draw(st.integers(0, 3))])
        text = draw(TEXTS)
        match draw(st.sampled_from(["edit", "type", "take", "undo", "go"])):
            case "edit" if text or here != there:
                manuscript.edit(here, there, text, (here, here))
            case "type":
                manuscript.edit(here, here, "x", (here, here))
            case "take" if text:
                manuscript.insert_take(here, Take("bard", 1, Dials(), text), text, (here, here))
            case "undo":
                manuscript.undo()
            case "go":
                nodes = list(manuscript.history)
                manuscript.go(nodes[draw(st.integers(0, len(nodes) - 1))])
    return manuscript


class Page(HTMLParser):
    """What of a page is text in its main part, and its tags."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.tags, self._inside = "", list[str](), False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = self._inside or tag == "main"
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "main"

    def handle_data(self, data: str) -> None:
        self.text += data if self._inside else ""


@given(histories())
def test_the_passages_make_up_the_text(manuscript: Manuscript) -> None:
    assert "".join(passage.text for passage in passages(manuscript)) == manuscript.text


@given(histories())
def test_a_page_says_the_text_and_holds_no_script(manuscript: Manuscript) -> None:
    page = Page(export(manuscript, "html", "poem.txt").decode())
    assert page.text == manuscript.text
    assert not {"script", "link", "img", "iframe", "b"} & set(page.tags)


def test_a_page_marks_what_the_model_wrote_and_what_was_changed_in_it() -> None:
    page = export(written(), "html", "poem.txt").decode()
    assert "The river &lt;b&gt;goes&lt;/b&gt;" in page
    assert 'title="bard &amp; co, RNG seed 7, temperature 0.8">to ' in page
    assert ">my </mark>the sea &amp; back" not in page and '<mark class="edited"' in page
    assert "<td>bard &amp; co</td>" in page


@given(histories())
def test_a_replay_ends_with_the_text_and_starts_with_what_it_began_with(manuscript: Manuscript) -> None:
    recording = Recording(replay(manuscript, "poem.txt"), "poem")
    last = [moment.text for moment in recording.play()][-1:]
    assert (last[0].text if last else recording.head.start) == manuscript.text


@given(histories())
def test_the_tree_has_every_step_behind_its_parent(manuscript: Manuscript) -> None:
    tree = json.loads(export(manuscript, "tree", "poem.txt"))
    seen = {0}
    for node in tree["nodes"]:
        assert node["parent"] in seen
        seen.add(node["node"])
    assert seen == set(manuscript.history.nodes) and tree["here"] == manuscript.history.here.number


@pytest.mark.parametrize("data", [b"", b"{}\n", b'{"format": 9, "replay": "x", "start": "", "here": 0}\n'])
def test_what_is_no_replay_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(InputError, match=r"no replay|newer Pantoum"):
        Recording(data, "poem")


def test_markdown_keeps_line_ends_and_signs() -> None:
    assert markdown("one *two*\n  # three\n\n1. four\n") == "one \\*two\\*\\\n\xa0\xa0\\# three\n\n1\\. four\n"


def test_the_command_line_exports_a_text_with_its_journal_and_plays_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PANTOUM_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "poem.txt"
    path.write_text("one")
    opened = open_document(path, tmp_path)
    opened.manuscript.insert_take((0, 3), Take("bard", 1, Dials(), " sea"), " sea", ((0, 3), (0, 3)))
    assert opened.journal is not None
    opened.journal.write(opened.journal.take())
    path.write_text("one sea")
    runner = CliRunner()
    for kind, suffix in (("html", "html"), ("txt", "txt"), ("replay", "replay.jsonl"), ("tree", "tree.json")):
        result = runner.invoke(app, ["export", "poem.txt", "--format", kind, "-o", f"out.{suffix}"])
        assert result.exit_code == 0, result.output
    opened.journal.discard()
    assert "bard" in (tmp_path / "out.html").read_text()
    assert (tmp_path / "out.txt").read_text() == "one sea"
    for name in ("out.replay.jsonl", "poem.txt"):
        assert runner.invoke(app, ["replay", name]).output == "one sea"


@pytest.mark.parametrize("output", ["poem.txt", "./poem.txt", "link.txt", "hard.txt"])
def test_an_export_never_replaces_the_text_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str) -> None:
    monkeypatch.setenv("PANTOUM_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    Path("poem.txt").write_text("one")
    Path("link.txt").symlink_to("poem.txt")
    Path("hard.txt").hardlink_to("poem.txt")
    result = CliRunner().invoke(app, ["export", "poem.txt", "-o", output])
    assert isinstance(result.exception, InputError) and "is the text itself" in str(result.exception)
    assert Path("poem.txt").read_text() == "one"


def test_an_export_never_replaces_what_is_no_file_and_goes_through_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PANTOUM_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    Path("poem.txt").write_text("one")
    os.mkfifo("pipe")
    result = CliRunner().invoke(app, ["export", "poem.txt", "-o", "pipe"])
    assert isinstance(result.exception, InputError) and "is not a file" in str(result.exception)
    assert Path("pipe").is_fifo()
    Path("other.txt").write_text("old")
    Path("link").symlink_to("other.txt")
    assert CliRunner().invoke(app, ["export", "poem.txt", "-f", "txt", "-o", "link"]).exit_code == 0
    assert (Path("link").is_symlink(), Path("other.txt").read_text()) == (True, "one")


@pytest.mark.parametrize("name", ["circle.txt", "n" * 300, "~nobody-of-that-name/poem.txt"])
@pytest.mark.parametrize("command", ["export", "replay", "regenerate"])
def test_a_path_that_no_text_can_have_is_the_persons_to_put_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, command: str
) -> None:
    monkeypatch.setenv("PANTOUM_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    Path("circle.txt").symlink_to("circle.txt")
    assert isinstance(CliRunner().invoke(app, [command, name]).exception, InputError)


def test_a_document_without_a_journal_is_its_text(tmp_path: Path) -> None:
    path = tmp_path / "poem.txt"
    path.write_text("one")
    assert read_document(path, tmp_path).text == "one"


async def test_the_write_screen_exports_to_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.type("hello")
        desk.screen.action_export()
        await desk.until(lambda: isinstance(desk.pilot.app.screen, ChoiceDialog))
        await desk.press("h")
        await name_file(desk, tmp_path / "out.html")
        await desk.until(lambda: "Exported" in desk.notice)
    assert "<main>hello</main>" in (tmp_path / "out.html").read_text()


async def test_the_write_screen_replaces_nothing_that_is_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo(tmp_path / "pipe.html")
    async with writing(tmp_path, monkeypatch) as desk:
        desk.screen.action_export()
        await desk.until(lambda: isinstance(desk.pilot.app.screen, ChoiceDialog))
        await desk.press("h")
        await name_file(desk, tmp_path / "pipe.html")
        await desk.until(lambda: isinstance(desk.pilot.app.screen, ChoiceDialog))
        await desk.press("r")
        await desk.until(lambda: "is not a file" in desk.notice)
    assert (tmp_path / "pipe.html").is_fifo()
