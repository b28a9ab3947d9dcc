"""How fast this machine trains, measured once and remembered in ``machine.json``. Free of torch."""

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from corpora.errors import InputError
from corpora.files import read_json, write_json
from corpora.home import home
from engine.environment import trainer_environment
from engine.settings import Cell, Device, Precision

FILE = "machine.json"
# 1 did not know of bfloat16, 2 not of latency, and 3 not of cells that are on a matrix unit: what they say is measured
# again.
FORMAT = 4
PATIENCE = 120.0  # seconds: importing torch from a cold disk can take most of a minute
QUIET = 0.7  # of all cores: 0.77 to 0.80 with nothing else to do, 0.6 beside one busy program, 0.45 beside two
POLL = 0.1  # seconds between two looks at the measuring process


class Speed(msgspec.Struct, frozen=True):
    """How fast training is on a device, in floating point operations a second, and what it waits for besides."""

    usual: float
    bf16: float = 0.0  # of LSTM layers, where a precision of ``auto`` lets them multiply bfloat16; 0: nowhere
    on_unit: bool = False  # whether GRUs and LSTMs with peepholes do so as well, on the processor's matrix unit
    latency: float = 0.0  # seconds that each token of a stream takes in each layer, however narrow: a GPU's launches

    def layers(self, cell: Cell, precision: Precision) -> float:
        """Of the recurrent layers of this kind, trained in this precision."""
        takes_it = cell == "lstm" or (self.on_unit and cell in ("gru", "lstm-peephole"))
        return self.bf16 if self.bf16 and takes_it and precision in ("auto", "bf16") else self.usual


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """``machine.json``: what was measured, and on what, so that another machine's file is not believed."""

    format: int = FORMAT
    host: str
    cores: int
    speeds: dict[str, Speed] = {}  # by device asked for


def known_speed(device: Device = "auto", root: Path | None = None) -> Speed | None:
    """What training reaches on this machine, where it was measured before."""
    machine = _read(root)
    return machine.speeds.get(device) if machine else None


def measure_speed(
    device: Device = "auto", root: Path | None = None, still_wanted: Callable[[], None] = lambda: None
) -> Speed:
    """Measures it now, in a process of its own that takes some five seconds, and remembers it, unless other programs
    kept the machine busy meanwhile.

    `still_wanted` is called often and may raise to give up; the process is ended then. Raises `InputError` where it
    can't be measured, such as for a device that is not there.
    """
    speed, share = _measure([sys.executable, "-P", "-m", "engine.measuring", device], still_wanted)
    if share < QUIET:  # good for now; but once the machine is quiet, plans would be too small for ever
        return speed
    before = _read(root)
    speeds = {**(before.speeds if before else {}), device: speed}
    path = (root or home()) / FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, Machine(host=platform.node(), cores=os.cpu_count() or 1, speeds=speeds))
    except OSError:  # a full disk: it will be measured again
        pass
    return speed


def _measure(command: Sequence[str], still_wanted: Callable[[], None]) -> tuple[Speed, float]:
    """What a measuring process prints, which doesn't outlive this call: the speed, and its share of all cores."""
    limit = time.monotonic() + PATIENCE
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=trainer_environment(),
        )
    except OSError as error:
        raise InputError(f"This machine's speed can't be measured ({error.strerror or error}).") from error
    with process:
        try:
            while True:
                still_wanted()
                try:
                    printed, complaint = process.communicate(timeout=POLL)
                    break
                except subprocess.TimeoutExpired as error:
                    if time.monotonic() > limit:
                        raise InputError(
                            f"This machine's speed can't be measured (it took over {PATIENCE:.0f} s)."
                        ) from error
        except BaseException:
            process.kill()
            raise
    try:
        usual, bf16, on_unit, latency, share = map(float, printed.split())
        return Speed(usual, bf16, bool(on_unit), latency), share
    except ValueError as error:
        lines = complaint.strip().splitlines()
        raise InputError(lines[-1] if lines else "This machine's speed can't be measured.") from error


def _read(root: Path | None) -> Machine | None:
    try:
        machine = read_json(
            (root or home()) / FILE,
            Machine,
            newest=FORMAT,
            upgrades={1: _to_2, 2: _to_3, 3: _to_4},
        )
    except (InputError, OSError):
        return None
    return machine if (machine.host, machine.cores) == (platform.node(), os.cpu_count() or 1) else None


def _to_2(raw: dict[str, Any]) -> dict[str, Any]:
    return {**raw, "format": 2, "speeds": {}}


def _to_3(raw: dict[str, Any]) -> dict[str, Any]:
    """A CPU has no latency."""
    return {**raw, "format": 3, "speeds": _some(raw, {"cpu"})}


def _to_4(raw: dict[str, Any]) -> dict[str, Any]:
    """A GPU has no such unit; what ``auto`` is isn't said."""
    return {**raw, "format": 4, "speeds": _some(raw, {"cuda", "mps"})}


def _some(raw: dict[str, Any], devices: set[str]) -> dict[str, Any]:
    speeds = raw.get("speeds")
    return {device: speeds[device] for device in devices & speeds.keys()} if isinstance(speeds, dict) else {}
