"""Unsaved text, set aside so that neither a crash nor a hasty exit loses it.

One file for each editing session, ``documents/draft-….json``, replaced whole; it is gone once the text is saved.
"""

import os
import socket
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import msgspec

from corpora.errors import InputError
from corpora.files import read_json, write_json
from corpora.home import ensure_room, home

FORMAT = 1


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What one session had not saved."""

    format: int = FORMAT
    path: str = ""  # the writer's own file; empty for a text without a name
    text: str
    caret: tuple[int, int] = (0, 0)
    newline: str = "\n"
    encoding: str = "utf-8"
    base: str = ""  # sha256 of the file as it was when it was opened; empty for a new one
    saved: float = 0.0  # Unix time
    pid: int = 0  # of the app that wrote it
    host: str = ""

    @property
    def name(self) -> str:
        return Path(self.path).name if self.path else "a text without a name"


@dataclass(frozen=True)
class FoundDraft:
    """A draft on disk that no running app is writing."""

    file: Path
    draft: Draft


class DraftSlot:
    """Where one session sets its unsaved text aside."""

    def __init__(self, root: Path | None = None) -> None:
        name = f"draft-{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:8]}.json"
        self._root = root or home()
        self.file = self._root / "documents" / name
        self._written = False

    @classmethod
    def adopt(cls, file: Path) -> "DraftSlot":
        """The slot of a draft that was restored: it stays on disk until its text is saved."""
        slot = cls(file.parent.parent)
        slot.file, slot._written = file, True
        return slot

    def write(self, draft: Draft) -> None:
        """Replaces this session's draft. Raises `InputError` where that fails: the text is then only in memory."""
        signed = msgspec.structs.replace(draft, saved=time.time(), pid=os.getpid(), host=socket.gethostname())
        try:
            ensure_room("documents", self._root)
            write_json(self.file, signed)
        except OSError as error:
            raise InputError(
                f"Your unsaved text can't be set aside in {self.file.parent} ({error.strerror or error}). "
                "Save it to a file now."
            ) from error
        self._written = True

    def clear(self) -> None:
        """Removes this session's draft: its text is saved, or was given up knowingly."""
        if self._written:
            self.file.unlink(missing_ok=True)
            self._written = False


def find_drafts(root: Path | None = None) -> list[FoundDraft]:
    """Drafts that earlier sessions left, newest first. Those of apps that still run, and damaged ones, are left out."""
    folder = (root or home()) / "documents"
    found = []
    for file in sorted(folder.glob("draft-*.json")) if folder.is_dir() else ():
        try:
            draft = read_json(file, Draft, newest=FORMAT)
        except InputError:
            continue
        if not _in_use(draft):
            found.append(FoundDraft(file, draft))
    return sorted(found, key=lambda each: each.draft.saved, reverse=True)


def _in_use(draft: Draft) -> bool:
    if draft.host != socket.gethostname() or draft.pid == os.getpid() or draft.pid <= 0:
        return False
    try:
        os.kill(draft.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
