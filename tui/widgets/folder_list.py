"""The file picker's list of a folder, for folders that may not be read, have gone, or hold what nobody expects."""

import contextlib
from datetime import datetime
from pathlib import Path

from textual import work
from textual.worker import get_current_worker
from textual_fspicker.parts import DirectoryNavigation
from textual_fspicker.parts.directory_navigation import DirectoryEntry


class _Entry(DirectoryEntry):
    """An entry whose size or time the system doesn't tell has none."""

    @staticmethod
    def _mtime(location: Path) -> str:
        with contextlib.suppress(OSError, ValueError, OverflowError):  # a time may be of no year that there is
            return datetime.fromtimestamp(int(location.stat().st_mtime)).isoformat(" ")
        return ""

    @staticmethod
    def _size(location: Path) -> str:
        with contextlib.suppress(OSError):
            return str(location.stat().st_size)
        return ""


class FolderList(DirectoryNavigation):
    """Shows what it can, and says where it may not look."""

    @work(exclusive=True, thread=True)
    def _load(self) -> None:
        worker, styles, entries = get_current_worker(), self._styles, list[DirectoryEntry]()
        location, refused = self._location, False
        try:
            for path in location.iterdir():
                if worker.is_cancelled:
                    return
                with contextlib.suppress(OSError, ValueError, RuntimeError):
                    if path.is_dir() or (self.show_files and path.is_file()):
                        entries.append(_Entry(path, styles))
        except OSError:
            refused = True
        if worker.is_cancelled:  # another folder is looked into by now
            return
        if refused:
            self.post_message(self.PermissionError(self, location))
        self._entries = entries
        self.app.call_from_thread(self._repopulate_display)

    def _repopulate_display(self) -> None:
        found = [*self._sort(entry for entry in self._entries if not self.hide(entry.location))]
        if not self.is_root:
            up = _Entry(self._location / "..", self._styles)
            up.location = self._location.parent  # of a folder that may not be entered, ".." can't be asked anything
            found = [up, *found]
        with self.app.batch_update():
            self.clear_options()
            self.add_options(found)
        self._settle_highlight()
