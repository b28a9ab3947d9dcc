"""A replay as a page: what it shows at any moment, and that nothing in a text can run in it."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from engine.settings import Dials
from tests.tui.test_export_documents import histories, written
from tui.exporting.documents import export
from tui.exporting.player import player
from tui.exporting.tree import beginning
from tui.manuscript.manuscript import Manuscript
from tui.manuscript.takes import Take

NODE = shutil.which("node") or ""
PAGE = Path(__file__).with_name("fake_page.js")
HOSTILE = "</script><script>alert(1)</script><!--<img src=x onerror=alert(2)>\u2028]]>"
needs_node = pytest.mark.skipif(not NODE, reason="there is no node to run the page's script with")


def shown(page: str, *steps: str) -> list[dict[str, object]]:
    """What the page shows after each step: a share of the slider, ``end``, or ``play``."""
    ran = subprocess.run([NODE, str(PAGE), *steps], input=page.encode(), capture_output=True, check=False)
    assert ran.returncode == 0, ran.stderr.decode()
    return [json.loads(line) for line in ran.stdout.splitlines()]


@needs_node
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories())
def test_however_one_gets_there_a_moment_shows_the_same_text(manuscript: Manuscript) -> None:
    seen = shown(player(manuscript, "poem"), "0", "end", "0.3", "0.8", "0", "0.5", "0.3", "play", "0.8")
    texts = [each["text"] for each in seen]
    assert texts[0] == texts[4] == beginning(manuscript)
    assert texts[1] == texts[7] == manuscript.text
    assert (texts[2], texts[3]) == (texts[6], texts[8])


@needs_node
def test_the_models_text_and_the_writers_are_told_apart() -> None:
    [seen] = shown(player(written(), "poem"), "end")
    assert seen["spans"] == [
        ["The river <b>goes</b>", ""],
        ["\n", ""],
        ["to ", "model"],
        ["my ", ""],
        ["the sea & back", "model"],
    ]
    [seen] = shown(player(written(), "poem"), "0.5")
    assert "bard & co" in str(seen["said"])


@needs_node
def test_letters_come_one_by_one_also_those_of_two_units() -> None:
    manuscript = Manuscript("")
    for letter in "a😀b\n😀c":
        end = manuscript.body.end
        manuscript.edit(end, end, letter, (end, end))
    seen = shown(player(manuscript, "poem"), *(str(number / 6 + 0.01) for number in range(7)))
    assert [each["text"] for each in seen] == ["", "a", "a😀", "a😀b", "a😀b\n", "a😀b\n😀", "a😀b\n😀c"]


@needs_node
def test_a_long_text_with_ten_thousand_edits_can_be_gone_about_in() -> None:
    manuscript = Manuscript("some words of a line\n" * 10_000)
    for number in range(10_000):
        place = ((number * 37) % 10_000, 5)
        manuscript.edit(place, place, "er", (place, place))
        manuscript.history.close()
    seen = shown(player(manuscript, "poem"), "end", "0", "0.5", "end")
    assert seen[0]["text"] == seen[3]["text"] == manuscript.text
    assert seen[1]["text"] == beginning(manuscript)


def test_nothing_in_a_text_can_run_or_reach_the_network() -> None:
    manuscript = Manuscript(HOSTILE)
    take = Take(HOSTILE, 1, Dials(), HOSTILE)
    manuscript.insert_take((0, 0), take, HOSTILE, ((0, 0), (0, 0)))
    page = export(manuscript, "player", f"{HOSTILE.replace('/', '')}.txt").decode()
    assert page.count("<script") == page.count("</script>") == 2
    assert "<img" not in page and "<!--" not in page
    assert not re.search(r"https?:|src=[^x]|url\(|import|innerHTML|document\.write", page)
    [policy] = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-")
    data = json.loads(page.split('type="application/json">')[1].split("</script>")[0])
    assert data["start"] == HOSTILE and data["names"] == [HOSTILE]


@needs_node
def test_a_hostile_text_is_shown_as_it_is() -> None:
    [seen] = shown(player(Manuscript(HOSTILE), HOSTILE), "end")
    assert seen["text"] == HOSTILE
