"""The presets: sets of dials under names, to be used, saved, renamed and deleted."""

from pathlib import Path
from typing import ClassVar

import msgspec
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from corpora.errors import InputError
from tui.commands.command import Command
from tui.commands.key_names import with_keys
from tui.commands.presets import PRESETS
from tui.commands.registry import bindings
from tui.dial_presets import BUILT_IN, Preset, change_presets, check_name, own_presets
from tui.waiting import in_thread
from tui.widgets.dial_steps import DIALS
from tui.widgets.dialogs import LineDialog
from tui.widgets.next_tokens import fit
from tui.write_settings import WriteSettings

NAMED = 18  # cells of a name
KEYS = (
    "{Enter|presets.use} or a number uses · {s|presets.save} saves the dials as they are\n"
    "{r|presets.rename} renames · {d|presets.delete} deletes · {u|presets.undo} undoes · {Esc|presets.close} closes"
)
Change = tuple[Preset | None, Preset | None]  # what was there before, and what is there now


class PresetsScreen(ModalScreen[Preset | None]):
    """Returns the preset to be used, or None."""

    CSS_PATH = "presets.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings(PRESETS)
    commands: ClassVar[tuple[Command, ...]] = PRESETS

    def __init__(
        self, settings: WriteSettings, changes: list[Change], before: Preset | None = None, root: Path | None = None
    ) -> None:
        """`changes` are what can be undone, the last one last; this screen adds to them.

        `before` has the dials that were in use before a preset was used last.
        """
        super().__init__()
        self._settings, self._changes, self._before, self._root = settings, changes, before, root
        self._shown: tuple[Preset, ...] = BUILT_IN

    def compose(self) -> ComposeResult:
        with Vertical() as frame:
            frame.border_title = "Presets"
            yield OptionList(id="preset-list", compact=True)
            yield Static("", id="preset-what", markup=False)
            yield Static("", id="preset-said", markup=False)
            yield Static(with_keys(KEYS, self.app), id="preset-keys", markup=False)

    def on_mount(self) -> None:
        self.list.focus()
        self._read()

    @property
    def list(self) -> OptionList:
        return self.query_one("#preset-list", OptionList)

    @property
    def chosen(self) -> Preset | None:
        """The preset of the highlighted line."""
        at = self.list.highlighted
        return self._shown[at] if at is not None and at < len(self._shown) else None

    # --- what is shown ---

    @work(group="presets", exclusive=True)
    async def _read(self, name: str = "") -> None:
        """Shows all presets, this one chosen, or else the line that was, or at first one that the dials are as."""
        try:
            own = await in_thread(self.app, own_presets, self._root)
        except InputError as error:
            own = ()
            self._say(f"{error} Until then there are only these; nothing is lost when you save new ones.")
        self._shown = (*BUILT_IN, *own, *([self._before] if self._before is not None else []))
        before = self.list.highlighted
        self.list.clear_options()
        self.list.add_options(Option(self._line(number, each)) for number, each in enumerate(self._shown, 1))
        names = [each.name for each in self._shown]
        if name in names:
            self.list.highlighted = names.index(name)
        elif before is not None:
            self.list.highlighted = min(before, len(names) - 1)
        else:
            held = (number for number, each in enumerate(self._shown) if each.holds(self._settings))
            self.list.highlighted = next(held, 0)

    def _line(self, number: int, preset: Preset) -> Content:
        held = preset.holds(self._settings)
        return Content.assemble(
            (f"{0 if preset is self._before else number if number <= 9 else ' '} ", "$foreground-muted"),
            ("● " if held else "  ", "$primary"),
            (f"{fit(preset.name, NAMED)} ", "bold" if held else ""),
            (what(preset), "$foreground-muted"),
        )

    @on(OptionList.OptionHighlighted)
    def _show(self) -> None:
        if (preset := self.chosen) is not None:
            comes = "It comes with Pantoum. " if preset in BUILT_IN else ""
            self.query_one("#preset-what", Static).update(f"{preset.name}: {what(preset)}. {comes}")

    def _say(self, sentence: str) -> None:
        said = self.query_one("#preset-said", Static)
        said.update(sentence)
        said.set_class(bool(sentence), "-shown")

    # --- what can be done ---

    @on(OptionList.OptionSelected)
    def action_use(self) -> None:
        self.dismiss(self.chosen)

    def action_use_number(self, number: int) -> None:
        if number <= len(self._shown) and self._shown[number - 1] is not self._before:
            self.dismiss(self._shown[number - 1])

    def action_use_before(self) -> None:
        if self._before is not None:
            self.dismiss(self._before)

    def action_close(self) -> None:
        self.dismiss(None)

    @work(group="change")
    async def action_save(self) -> None:
        name = await self.app.push_screen_wait(PresetName("Keep the dials as they are now, under which name?"))
        if name is not None:
            await self._change(self._named(check_name(name)), Preset.of(check_name(name), self._settings))

    @work(group="change")
    async def action_rename(self) -> None:
        preset = self._own()
        if preset is None:
            return
        name = await self.app.push_screen_wait(PresetName(f"What is {preset.name} to be called?", preset.name))
        if name is None or (name := check_name(name)) == preset.name:
            return
        if (other := self._named(name)) is not None and other is not preset:
            self._say(f"There is a preset named {other.name} already.")
            return
        await self._change(preset, msgspec.structs.replace(preset, name=name))

    @work(group="change")
    async def action_delete(self) -> None:
        preset = self._own()
        if preset is not None:
            await self._change(preset, None)

    @work(group="change")
    async def action_undo(self) -> None:
        if not self._changes:
            self._say("There is nothing to undo.")
            return
        before, after = self._changes.pop()
        if not await self._write(after, before):
            self._changes.append((before, after))

    def _own(self) -> Preset | None:
        """The chosen preset, where it is the person's; else a word about it."""
        preset = self.chosen
        if preset in BUILT_IN and preset is not None:
            self._say(f"{preset.name} comes with Pantoum and stays. Save the dials under another name with s.")
            return None
        if preset is self._before:
            self._say("That is no preset. Use it, and s keeps its dials under a name.")
            return None
        return preset

    def _named(self, name: str) -> Preset | None:
        return next((each for each in self._shown if each.name.casefold() == name.casefold()), None)

    async def _change(self, before: Preset | None, after: Preset | None) -> None:
        if await self._write(before, after):
            self._changes.append((before, after))

    async def _write(self, before: Preset | None, after: Preset | None) -> bool:
        """Whether it is written."""
        try:
            said = await in_thread(self.app, change_presets, before, after, self._root)
        except InputError as error:
            self._say(str(error))
            return False
        self._say(said or _told(before, after))
        self._read(after.name if after is not None else "")
        return True


class PresetName(LineDialog):
    """Asks for a preset's name."""

    def check(self, value: str) -> None:
        check_name(value)


def what(preset: Preset) -> str:
    """What a preset sets, in words; dials that do nothing are left out."""
    settings = preset.used(WriteSettings())
    parts = []
    for dial in DIALS:
        own = dial.sampler or getattr(preset, dial.key) is not None
        shown = dial.show(dial.read(settings))
        if own and shown not in ("off", "running", "length") and dial.key not in ("pace", "seed_fixed"):
            parts.append(f"{dial.name} {shown}")
    return ", ".join(parts)


def _told(before: Preset | None, after: Preset | None) -> str:
    if before is None:
        return f"Saved {after.name}." if after is not None else ""
    if after is None:
        return f"Deleted {before.name}; u brings it back."
    if before.name != after.name:
        return f"{before.name} is {after.name} now."
    return f"Saved {after.name} anew; u brings the old one back."
