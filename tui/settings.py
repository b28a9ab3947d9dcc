"""``settings.json``: what the app remembers of how a person likes it."""

import msgspec

from corpora.errors import InputError
from corpora.files import read_json, write_json
from corpora.home import home

FORMAT = 1


class AppSettings(msgspec.Struct, frozen=True, kw_only=True):
    """All of it. An unknown field of the same format is ignored."""

    format: int = FORMAT
    theme: str = ""  # empty: the one that suits the terminal


def read_settings() -> AppSettings:
    """The settings, or the defaults where there are none yet. Raises `InputError` for a damaged or newer file."""
    path = home() / "settings.json"
    if not path.exists():
        return AppSettings()
    return read_json(path, AppSettings, newest=FORMAT)


def write_settings(settings: AppSettings) -> None:
    """Replaces ``settings.json``. Raises `InputError` where it can't be written."""
    path = home() / "settings.json"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, settings)
    except OSError as error:
        raise InputError(
            f"{path} can't be written ({error.strerror or error}); this choice lasts until you quit."
        ) from error
