"""A machine's mark: it doesn't change with the host's name, and gives nothing away."""

import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import machine as module
from engine.machine import RANDOM, is_here, machine
from engine.records import Status


@pytest.fixture(autouse=True)
def asked_anew() -> Iterator[None]:
    machine.cache_clear()
    yield
    machine.cache_clear()


def test_the_mark_is_the_systems_own_id_in_a_form_that_does_not_tell_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty, id_file = tmp_path / "empty", tmp_path / "machine-id"
    empty.write_text("uninitialized\n")
    id_file.write_text("b0" * 16 + "\n")
    monkeypatch.setattr(module, "IDS", (tmp_path / "none", empty, id_file))
    mark = machine()
    assert len(mark) == 16 and "b0b0" not in mark


@pytest.mark.parametrize(("card", "known"), [(0x0242AC110002, True), (0x0242AC110002 | RANDOM, False)])
def test_without_one_the_network_card_tells_where_there_is_one(
    card: int, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "IDS", ())
    monkeypatch.setattr(uuid, "getnode", lambda: card)
    assert (machine() != "") is known


def test_what_has_no_mark_is_known_by_the_hosts_name() -> None:
    assert is_here(Status(state="queued", host=socket.gethostname()))
    assert not is_here(Status(state="queued", host="elsewhere"))
