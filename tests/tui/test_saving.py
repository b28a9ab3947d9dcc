"""Writing a text again and again from threads."""

from pathlib import Path

import pytest

from corpora.errors import InputError
from tui.manuscript.saving import Gone, Overtaken, Saver
from tui.manuscript.textfile import read_text


def test_a_write_that_comes_late_does_not_replace_what_is_newer(tmp_path: Path) -> None:
    saver, path = Saver(), tmp_path / "poem.txt"
    older, newer = saver.order(), saver.order()
    saver.write(newer, path, ["new"])
    saver.write(older, path, ["old"])
    assert path.read_text() == "new"


def test_its_own_last_write_does_not_count_as_changed_by_others(tmp_path: Path) -> None:
    saver, path = Saver(), tmp_path / "poem.txt"
    path.write_text("one")
    known = read_text(path)
    saver.write(saver.order(), path, ["two"], known=known)
    saver.write(saver.order(), path, ["three"], known=known)
    assert path.read_text() == "three"


def test_what_others_wrote_or_deleted_stays_so(tmp_path: Path) -> None:
    saver, path = Saver(), tmp_path / "poem.txt"
    path.write_text("one")
    known = read_text(path)
    path.write_text("theirs")
    with pytest.raises(Overtaken, match="F9"):
        saver.write(saver.order(), path, ["mine"], known=known)
    assert path.read_text() == "theirs"
    path.unlink()
    with pytest.raises(Gone, match="deleted"):
        saver.write(saver.order(), path, ["mine"], known=known)
    assert not path.exists()


def test_a_disk_that_went_away_has_deleted_nothing_and_is_told_in_words(tmp_path: Path) -> None:
    saver, folder = Saver(), tmp_path / "stick"
    folder.mkdir()
    path = folder / "poem.txt"
    path.write_text("one")
    known = read_text(path)
    folder.rename(tmp_path / "pulled")
    folder.symlink_to("stick")  # nothing beyond it can be asked about any more
    with pytest.raises(InputError, match="can't be read") as told:
        saver.write(saver.order(), path, ["mine"], known=known)
    assert not isinstance(told.value, Gone | Overtaken)
