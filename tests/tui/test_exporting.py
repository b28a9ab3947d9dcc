"""Curves as SVG, PNG and CSV, and TensorBoard's event files."""

import csv
import math
import struct
import xml.etree.ElementTree as ET
from pathlib import Path

import msgspec
import pytest

from tests.tui.recorded import RecordedRun
from tui.cli import main
from tui.exporting.drawing import drawing
from tui.exporting.event_file import crc32c, event_file, frame

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def run(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RecordedRun:
    monkeypatch.chdir(tmp_path)
    recorded = RecordedRun(home, "bard & <co>")
    recorded.train(300)
    recorded.step += 10
    recorded.line(skipped=1)
    recorded.train(200)
    return recorded


def test_curves_become_a_picture_with_a_gap_where_a_step_was_skipped(run: RecordedRun) -> None:
    assert main(["export-curves", "bard-co"]) == 0
    root = ET.fromstring(Path("bard-co.svg").read_text())
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert {"bard & <co>", "training", "validation", "clip 1", "Learning rate"} <= set(texts)
    by_colour = [line.get("stroke") for line in root.iter(f"{SVG}polyline")]
    assert len(by_colour) == 2 + 1 + 2 + 1 + 1  # loss in two pieces, validation, norm in two, clip, rate
    points = [tuple(map(float, pair.split(","))) for line in root.iter(f"{SVG}polyline")
              for pair in (line.get("points") or "").split()]  # fmt: skip
    assert all(0 <= x <= 960 and 0 <= y <= float(root.get("height") or 0) for x, y in points)


def test_the_picture_says_what_its_axes_measure_and_dashes_the_clip_line(run: RecordedRun) -> None:
    assert main(["export-curves", "bard-co"]) == 0
    root = ET.fromstring(Path("bard-co.svg").read_text())
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert texts.count("step") == 3
    assert "Loss, bits per character" in texts
    assert sum(line.get("stroke-dasharray") is not None for line in root.iter(f"{SVG}polyline")) == 1


def texts_of(picture: str) -> list[str | None]:
    return [element.text for element in ET.fromstring(picture).iter(f"{SVG}text")]


def test_a_spike_does_not_flatten_the_picture_and_a_far_clip_line_is_left_out(home: Path) -> None:
    run = RecordedRun(home, clip=50.0)
    for step in range(1, 101):
        run.step = step
        run.line(loss=2.0, gradient_norm=1000.0 if step == 50 else 1.0 + step / 100)
    picture = drawing(run.folder.record(), run.folder.metrics().read_all())
    assert "clip 50" not in texts_of(picture)
    lines = [line.get("points") or "" for line in ET.fromstring(picture).iter(f"{SVG}polyline")]
    heights = sorted(float(pair.split(",")[1]) for pair in lines[1].split())
    assert heights[-1] - heights[1] > 20  # of 176 for the axis, which ends at three times the usual


def test_no_clip_line_is_drawn_where_values_are_clipped_and_not_the_norm(run: RecordedRun) -> None:
    record = run.folder.record()
    by_value = msgspec.structs.replace(record, training=msgspec.structs.replace(record.training, clip_by="value"))
    assert "clip 1" not in texts_of(drawing(by_value, run.folder.metrics().read_all()))


def test_a_bidirectional_run_is_exported_with_all_its_losses(home: Path, tmp_path: Path) -> None:
    run = RecordedRun(home, "both ways")
    for step in range(10, 110, 10):
        run.step = step
        run.line(
            loss=2.0,
            losses={"ahead": 2.0, "back": 2.1, "both": 1.0},
            validation_loss=2.2,
            back_validation_loss=2.3,
            both_validation_loss=1.2,
        )
    texts = texts_of(drawing(run.folder.record(), run.folder.metrics().read_all()))
    assert {"forwards", "validation forwards", "backwards", "validation backwards"} <= set(texts)
    assert "Loss from both sides, pseudo-nats per token" in texts
    assert main(["export-tensorboard", "both-ways", "-o", str(tmp_path / "board")]) == 0
    (events,) = (tmp_path / "board").rglob("events*")
    for side in ("backwards", "from both sides"):
        for which in ("training", "validation"):
            assert f"loss/{which} {side}".encode() in events.read_bytes()


def test_curves_become_a_table_with_every_logged_step(run: RecordedRun) -> None:
    assert main(["export-curves", "bard-co", "-o", "curves.csv"]) == 0
    rows = list(csv.DictReader(Path("curves.csv").read_text().splitlines()))
    lines = run.folder.metrics().read_all()
    assert [int(row["step"]) for row in rows] == [line.step for line in lines]
    assert [row["loss"] for row in rows] == ["" if line.loss is None else repr(line.loss) for line in lines]
    assert sum(row["validation_loss"] != "" for row in rows) == 5


def test_a_png_is_made_by_a_program_that_is_there_and_without_one_it_says_how(
    run: RecordedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "bin" / "resvg"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nhead -c 4 "$1" > "$2"\n')
    program.chmod(0o755)
    monkeypatch.setattr("shutil.which", lambda name: str(program) if name == "resvg" else None)
    assert main(["export-curves", "bard-co", "-o", "curves.png"]) == 0
    assert Path("curves.png").read_bytes() == b"<svg"
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert main(["export-curves", "bard-co", "-o", "other.png"]) == 1
    assert "rsvg-convert" in capsys.readouterr().err
    assert not Path("other.png").exists()


def test_an_unknown_kind_and_a_run_without_curves_are_refused_in_words(
    run: RecordedRun, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export-curves", "bard-co", "-o", "curves.gif"]) == 1
    assert ".svg, .png or .csv" in capsys.readouterr().err
    RecordedRun(home, "new")
    for command in ("export-curves", "export-tensorboard"):
        assert main([command, "new"]) == 1
        assert "nothing was logged" in capsys.readouterr().err


def test_the_checksum_is_the_published_one() -> None:
    assert crc32c(b"123456789") == 0xE3069283  # the check value of CRC-32C
    assert crc32c(bytes(32)) == 0x8A9136AA  # RFC 3720, B.4: 32 bytes of zeros


def unframed(data: bytes) -> list[bytes]:
    """The records of a TFRecord file, every checksum compared."""
    found, at = [], 0
    while at < len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        record = data[at + 12 : at + 12 + length]
        assert data[at : at + 16 + length] == frame(record)
        found.append(record)
        at += 16 + length
    return found


def fields(message: bytes) -> dict[int, list[bytes | int | float]]:
    """A protocol buffer's fields by number, read by its own rules and not by the writer's."""
    found: dict[int, list[bytes | int | float]] = {}
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        key = varint()
        match key & 7:
            case 0:
                found.setdefault(key >> 3, []).append(varint())
            case 1:
                found.setdefault(key >> 3, []).append(struct.unpack_from("<d", message, at)[0])
                at += 8
            case 2:
                length = varint()
                found.setdefault(key >> 3, []).append(message[at : at + length])
                at += length
            case 5:
                found.setdefault(key >> 3, []).append(struct.unpack_from("<f", message, at)[0])
                at += 4
            case other:
                raise AssertionError(f"wire type {other}")
    return found


def test_events_hold_times_steps_and_values(run: RecordedRun) -> None:
    assert main(["export-tensorboard", "bard-co", "-o", "board"]) == 0
    (path,) = Path("board").iterdir()
    assert path.name.startswith("events.out.tfevents.")
    first, *events = [fields(record) for record in unframed(path.read_bytes())]
    assert first[3] == [b"brain.Event:2"]
    found: dict[bytes, dict[int, float]] = {}
    texts = []
    for event in events:
        (summary,) = event[5]
        assert isinstance(summary, bytes)
        (step,) = event[2]
        for value in fields(summary)[1]:
            assert isinstance(value, bytes) and isinstance(step, int)
            parts = fields(value)
            (tag,) = parts[1]
            assert isinstance(tag, bytes)
            if 8 in parts:
                (tensor,) = parts[8]
                assert isinstance(tensor, bytes)
                texts.append(fields(tensor)[8][0])
            else:
                (number,) = parts[2]
                assert isinstance(number, float)
                found.setdefault(tag, {})[step] = number
    lines = run.folder.metrics().read_all()
    losses = {line.step: line.loss for line in lines if line.loss is not None}
    assert found[b"loss/training"] == pytest.approx(losses, rel=1e-6)
    assert len(found[b"loss/validation"]) == 5
    assert len(texts) == 5 and all(isinstance(text, bytes) and text.startswith(b"KING:") for text in texts)


def test_a_second_export_replaces_the_first(run: RecordedRun) -> None:
    for _ in range(2):
        assert main(["export-tensorboard", "bard-co", "-o", "board"]) == 0
    assert len(list(Path("board").iterdir())) == 1


def test_large_steps_and_odd_values_survive() -> None:
    records = [fields(record) for record in unframed(b"".join(event_file(0.0, [(1.0, 2**40, {"x": math.inf})], [])))]
    assert records[1][2] == [2**40]
