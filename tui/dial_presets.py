"""``presets.json``: sets of dials under names, a person's own beside some that come with Pantoum.

What can't be read is never lost: it is told of, and set aside under another name before anything new is written.
"""

import time
from pathlib import Path

import msgspec

from corpora.boundaries import Unit as EndUnit
from corpora.errors import InputError
from corpora.files import read_json, write_json
from corpora.home import home
from engine.settings import Dials
from tui.write_settings import StopRule, WriteSettings

FORMAT = 1
NAME = "presets.json"
LONGEST = 40  # characters of a name
BEFORE = "as before"  # what the dials are called that were in use before a preset


class Preset(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Dials under a name. What is None stays as it is when the preset is used; so does the pace."""

    name: str
    dials: Dials
    length: int | None = None  # characters of one continuation
    stops_at: StopRule | None = None  # whose end stops one
    takes: int | None = None  # suggestions made at once
    until: EndUnit | None = None  # where a suggestion ends
    seed_fixed: bool | None = None
    seed: int | None = None  # RNG seed, where it is fixed

    @classmethod
    def of(cls, name: str, settings: WriteSettings) -> "Preset":
        """All dials as they are now."""
        return cls(
            name=name,
            dials=msgspec.structs.replace(settings.dials, pace=0.0),
            length=settings.length,
            stops_at=settings.stops_at,
            takes=settings.takes,
            until=settings.until,
            seed_fixed=settings.seed_fixed,
            seed=settings.seed if settings.seed_fixed else None,
        )

    def used(self, settings: WriteSettings) -> WriteSettings:
        """The settings with this preset's dials. Raises `InputError` where one of them can't work."""
        names = ("length", "stops_at", "takes", "until", "seed_fixed", "seed")
        own = {name: value for name in names if (value := getattr(self, name)) is not None}
        dials = msgspec.structs.replace(self.dials, pace=settings.dials.pace)
        result = msgspec.structs.replace(settings, dials=dials, **own)
        result.check()
        return result

    def holds(self, settings: WriteSettings) -> bool:
        """Whether the dials are as this preset sets them."""
        return self.used(settings) == settings


class PresetFile(msgspec.Struct, frozen=True, kw_only=True):
    """All of the file."""

    format: int = FORMAT
    presets: tuple[Preset, ...] = ()


BUILT_IN: tuple[Preset, ...] = (
    Preset(name="steady", dials=Dials(temperature=0.5, top_p=0.95)),
    Preset(name="lively", dials=Dials(temperature=0.8)),
    Preset(name="natural", dials=Dials(temperature=1.0, typical=0.9)),
    Preset(name="wild", dials=Dials(temperature=1.3, min_p=0.05)),
)


def own_presets(root: Path | None = None) -> tuple[Preset, ...]:
    """The person's own presets by name; none where there is no file. Raises `InputError` for one of no use."""
    path = _path(root)
    if not path.exists():
        return ()
    found = read_json(path, PresetFile, newest=FORMAT).presets
    for preset in found:
        try:
            preset.used(WriteSettings())
        except InputError as error:
            raise InputError(f"{path} is damaged: the preset {preset.name!r} can't be used. {error}") from error
    return _sorted(found)


def all_presets(root: Path | None = None) -> tuple[Preset, ...]:
    """Those that come with Pantoum, then the person's own, as far as they can be read."""
    try:
        return (*BUILT_IN, *own_presets(root))
    except InputError:
        return BUILT_IN


def find_preset(name: str, root: Path | None = None) -> Preset:
    """The preset of this name, whatever the case. Raises `InputError` where there is none."""
    wanted = name.strip().casefold()
    built_in = next((preset for preset in BUILT_IN if preset.name == wanted), None)
    if built_in is not None:
        return built_in
    presets = own_presets(root)
    found = next((preset for preset in presets if preset.name.casefold() == wanted), None)
    if found is None:
        known = ", ".join(preset.name for preset in (*BUILT_IN, *presets))
        raise InputError(f"There is no preset named {name!r}. There are: {known}.")
    return found


def check_name(name: str) -> str:
    """The name as it is kept. Raises `InputError` for one that can't be taken."""
    name = " ".join(name.split())
    if not name or not name.isprintable() or len(name) > LONGEST:
        raise InputError(f"A preset's name has 1 to {LONGEST} characters.")
    if name.casefold() in (BEFORE, *(preset.name for preset in BUILT_IN)):
        raise InputError(f"{name} is a preset that is there already. Choose another name.")
    return name


def change_presets(before: Preset | None, after: Preset | None, root: Path | None = None) -> str:
    """Puts `after` in the place of `before`; None is nothing, so this saves, renames, deletes, and undoes each.

    A preset of the same name as `after` goes. What another window has saved meanwhile stays. Returns a sentence where
    a file that can't be read was set aside, else nothing. Raises `InputError` where nothing can be written.
    """
    said, path = "", _path(root)
    try:
        presets = own_presets(root)
    except InputError:
        presets, said = (), _set_aside(path)
    gone = {preset.name.casefold() for preset in (before, after) if preset is not None}
    kept = [preset for preset in presets if preset.name.casefold() not in gone]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, PresetFile(presets=_sorted((*kept, *([after] if after is not None else [])))))
    except OSError as error:
        raise InputError(f"The presets can't be kept: {path} can't be written ({error.strerror or error}).") from error
    return said


def _set_aside(path: Path) -> str:
    place = path.with_name(f"presets.damaged-{time.strftime('%Y%m%d-%H%M%S')}.json")
    try:
        path.replace(place)
    except OSError as error:
        raise InputError(f"{path} can't be renamed ({error.strerror or error}), so nothing is saved.") from error
    return f"The old {path.name} could not be read; it is {place.name} now."


def _sorted(presets: tuple[Preset, ...]) -> tuple[Preset, ...]:
    return tuple(sorted(presets, key=lambda preset: preset.name.casefold()))


def _path(root: Path | None) -> Path:
    return (root or home()) / NAME
