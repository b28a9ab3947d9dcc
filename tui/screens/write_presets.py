"""The Write screen's presets: the dials set all at once."""

from pathlib import Path

from tui.dial_presets import BEFORE, Preset
from tui.engine_link import EngineLink
from tui.screens.write_continuing import WriteContinuing


class WritePresets(WriteContinuing):
    """Uses presets, also while text streams: they count from the next token on."""

    def __init__(self, link: EngineLink | None = None, root: Path | None = None) -> None:
        super().__init__(link, root)
        self._preset_changes: list[tuple[Preset | None, Preset | None]] = []  # what can be undone
        self._dials_before: Preset | None = None  # the dials that were in use before a preset was used last

    def action_presets(self) -> None:
        from tui.screens.presets import PresetsScreen

        screen = PresetsScreen(self.settings, self._preset_changes, self._dials_before, self.root)
        self.app.push_screen(screen, self.use_preset)

    def use_preset(self, preset: Preset | None) -> None:
        """Sets the dials as a preset has them."""
        if preset is not None:
            self._dials_before = Preset.of(BEFORE, self.settings)
            self._adopt_dials(preset.used(self.settings))
            self.flash(f"preset: {preset.name}")
