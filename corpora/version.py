"""The one place that says which Pantoum this is; ``pyproject.toml`` reads it, and asking costs no import."""

__version__ = "0.1.0"
