"""How fast this machine trains, measured once and remembered in ``machine.json``. Free of torch."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import msgspec

from corpora.errors import InputError
from corpora.files import read_json, write_json
from corpora.home import home
from engine.settings import Device

FILE = "machine.json"
PATIENCE = 120.0  # seconds: importing torch from a cold disk can take most of a minute


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """``machine.json``: what was measured, and on what, so that another machine's file is not believed."""

    format: int = 1
    host: str
    cores: int
    speeds: dict[str, float] = {}  # by device asked for: floating point operations a second in training


def known_speed(device: Device = "auto", root: Path | None = None) -> float | None:
    """Operations a second that training reaches on this machine, where it was measured before."""
    machine = _read(root)
    return machine.speeds.get(device) if machine else None


def measure_speed(device: Device = "auto", root: Path | None = None) -> float:
    """Measures it now, in a process of its own that takes some five seconds, and remembers it.

    Raises `InputError` where it can't be measured, such as for a device that is not there.
    """
    command = [sys.executable, "-P", "-m", "engine.measuring", device]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(f"This machine's speed can't be measured ({error}).") from error
    if done.returncode != 0:
        raise InputError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "The measurement failed.")
    speed = float(done.stdout)
    before = _read(root)
    speeds = {**(before.speeds if before else {}), device: speed}
    path = (root or home()) / FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, Machine(host=platform.node(), cores=os.cpu_count() or 1, speeds=speeds))
    except OSError:  # a full disk: it will be measured again
        pass
    return speed


def _read(root: Path | None) -> Machine | None:
    try:
        machine = read_json((root or home()) / FILE, Machine, newest=1)
    except (InputError, OSError):
        return None
    return machine if (machine.host, machine.cores) == (platform.node(), os.cpu_count() or 1) else None
