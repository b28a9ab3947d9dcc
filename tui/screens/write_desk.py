"""What every part of the Write screen shares: its widgets, its settings, its status line."""

import asyncio
import contextlib
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.style import Style
from textual.widgets import Select

from corpora.errors import InputError
from engine.client import EngineError
from engine.protocol import ModelUnusable
from tui.commands.command import Command
from tui.commands.key_names import with_keys
from tui.engine_link import EngineLink
from tui.screens.write_engine import ModelSession
from tui.widgets.alt_keys import AltKeys
from tui.widgets.dials import DialPanel
from tui.widgets.editor import Editor
from tui.widgets.key_bar import KeyBar
from tui.widgets.mode_bar import ModeBar
from tui.widgets.news_line import NewsLine
from tui.widgets.next_tokens import NextTokensPanel
from tui.widgets.notice import Notice, Topic
from tui.widgets.write_status import StatusLine, WriteState
from tui.write_settings import WriteSettings, load_settings, save_settings

HINT = (
    "Write the first line. Then {tab|write.suggest} shows how the model would go on, and {ctrl+g|write.continue} lets "
    "it write by itself. {F1|app.help} lists all keys."
)
DIALS_TITLE = "Dials  {F5|write.dial_down} −  {F6|write.dial_up} +  {F8|write.dial_next} ▾"
ANOTHER = "Choose another model with {alt+m|write.model}; your text is untouched."
Legend = tuple[tuple[str, str], ...]  # what each colour of the text means, and its component class of the editor

FLASH = 2.0  # seconds that a short note stays in the status line
SETTINGS_REST = 1.0  # seconds without a turn after which the dials are remembered


class Trouble:
    """Something that may fail again and again, such as writing to a full disk: told once, and told when it is over."""

    def __init__(self, desk: "WriteDesk", about: Topic) -> None:
        self._desk, self._about = desk, about
        self.sentence = ""  # what is wrong; empty while nothing is

    def failed(self, error: InputError) -> None:
        """It went wrong."""
        said = with_keys(str(error), self._desk.app)
        news, self.sentence = said != self.sentence, said
        if news:
            self._desk.say(self.sentence, self._about, wrong=True)

    def over(self, said: str = "") -> None:
        """It went well."""
        if self.sentence and self._desk.notice.about(self._about) == self.sentence:
            self._desk.say(said, self._about)
        self.sentence = ""


class WriteDesk(Screen[None]):
    """The widgets, and what they show between them. Its subclasses do the work."""

    commands: ClassVar[tuple[Command, ...]] = ()
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]

    def __init__(self, link: EngineLink | None = None, root: Path | None = None) -> None:
        """`root` is the home folder, where it is not the usual one."""
        super().__init__()
        self.root = root
        self.link = link or EngineLink()
        self.session = ModelSession(self.link)
        self.settings, self._settings_notice = load_settings(root)
        self.editor = Editor(id="editor")
        self.dials = DialPanel(id="dials")
        self.next_tokens = NextTokensPanel(id="next")
        self.models: Select[str] = Select([], prompt="no model", id="model", compact=True)
        self.notice = Notice(id="notice")
        self.status = StatusLine(id="status")
        self.alt_keys = AltKeys(id="alt-keys", markup=False)
        self._flash = ""
        self._settings_rest = False  # whether they are not written yet

    def compose(self) -> ComposeResult:
        yield ModeBar("write")
        with Horizontal(id="desk"):
            with Vertical(id="page"):
                yield self.editor
            with Vertical(id="panel"):
                yield self.models
                yield self.dials
                yield self.next_tokens
        yield NewsLine()
        yield self.notice
        yield self.status
        yield self.alt_keys
        yield KeyBar()

    def on_mount(self) -> None:
        self.dials.border_title = with_keys(DIALS_TITLE, self.app)
        self.editor.placeholder = with_keys(HINT, self.app)
        self.dials.settings = self.settings
        self.query_one("#panel").display = self.settings.panel
        self.editor.focus()
        self.watch(self.app, "alt", self._tell_alt)
        if self._settings_notice:
            self.say(self._settings_notice, "settings", wrong=True)

    def help_text(self) -> str:
        """What the help says first."""
        key = getattr(self.app, "remapped", {}).get("app.alt", "ctrl+t")
        return (
            f"Where your terminal sends no alt, press {key} and then the key: {key} 3 is alt+3, {key} S is alt+shift+s."
        )

    def _tell_alt(self, waits: bool) -> None:
        """While the app waits for a key with alt: what that may do now."""
        about = [each for each in self.commands if self.check_action(each.action.partition("(")[0], ())]
        remapped = getattr(self.app, "remapped", {})
        self.alt_keys.tell(about if waits and self.is_current else (), remapped)

    # --- what the parts add to ---

    def doing(self) -> str:
        """What the status line says is going on."""
        return ""

    def speed(self) -> float:
        """Tokens a second, or 0."""
        return 0.0

    def score(self) -> str:
        """What the text costs the model, in words, or an empty string."""
        return ""

    def legend(self) -> Legend:
        """What the colours of the text mean."""
        return ()

    def file_name(self) -> str:
        """The text's name, or an empty string."""
        return ""

    def unsaved(self) -> bool:
        """Whether the text differs from its file."""
        return False

    def saved_step(self) -> int:
        """The number of the history's node whose text the file holds."""
        return 0

    def model_lost(self) -> None:
        """The chosen model turned out to be gone or damaged."""
        self.session.lose()

    # --- what the parts use ---

    def say(self, sentence: str, about: Topic = "other", *, wrong: bool = False, lasting: bool = False) -> None:
        """One sentence under the text; an empty one takes that of its topic away. `Notice` has the rules.

        Its keys are the person's own, where it names them as `with_keys` has it.
        """
        self.notice.say(with_keys(sentence, self.app), about, "wrong" if wrong else "lasting" if lasting else "passing")
        self.refresh_bindings()  # a key hides it

    def action_hide_notice(self) -> None:
        self.notice.clear()
        self.refresh_bindings()

    def tell(self, error: InputError | EngineError, advice: str = "", before: str = "") -> None:
        """Says what went wrong in the engine, and what to do about it: `advice`, but for a model that is of no use."""
        sentence = str(error) if isinstance(error, InputError) else f"The engine failed: {error}."
        if isinstance(error, ModelUnusable):
            advice = ANOTHER
            self.model_lost()
        self.say(" ".join(part for part in (before, sentence, advice) if part), "model", wrong=True)

    def flash(self, note: str) -> None:
        """A few words in the status line, for a moment."""
        self._flash = note
        self.refresh_status()
        self.set_timer(FLASH, lambda: self._end_flash(note))

    def refresh_status(self) -> None:
        """Brings the status line up to date."""
        info = self.session.info
        self.status.state = WriteState(
            file=self.file_name(),
            unsaved=self.unsaved(),
            words=self.editor.manuscript.body.words,
            own=self.editor.manuscript.own_share,
            locked=self.editor.read_only,
            model=info.name if info is not None else self.session.slug,
            score=self.score(),
            seed=self._seed(),
            doing=self._flash or self.doing(),
            speed=self.speed(),
            legend=tuple((text, self._look(name)) for text, name in self.legend()),
        )

    def _seed(self) -> int | None:
        """The RNG seed of the take that stands there or is suggested; else, while scores are shown, the next one's."""
        manuscript, ghost = self.editor.manuscript, self.editor.ghost
        if manuscript.pending and manuscript.takes is not None:
            return manuscript.takes.shown.seed
        if ghost is not None and ghost.take is not None:
            return ghost.take.seed
        return self.settings.seed if self.score() else None

    def _look(self, name: str) -> Style:
        """How the editor shows what has this component class."""
        return Style.from_rich_style(self.editor.get_component_rich_style(name, partial=True))

    def adopt_settings(self, settings: WriteSettings, *, shown: bool = True) -> None:
        """Shows and remembers the settings; they are written once they have rested.

        Painting the dials takes some milliseconds: without `shown`, whoever has more urgent things to paint does it.
        """
        self.settings = settings
        if shown:
            self.dials.settings = settings
        self._settings_rest = True
        self.run_worker(self._remember_settings(settings), group="settings", exclusive=True)

    async def _remember_settings(self, settings: WriteSettings) -> None:
        await asyncio.sleep(SETTINGS_REST)
        try:
            await asyncio.to_thread(save_settings, settings, self.root)
        except InputError as error:
            self.say(str(error), "settings", wrong=True)
        self._settings_rest = False

    async def write_settings(self) -> None:
        """Writes them now: whoever quits doesn't wait for them to have rested."""
        if self._settings_rest:
            with contextlib.suppress(InputError):  # nobody is there any more to be told
                await asyncio.to_thread(save_settings, self.settings, self.root)

    async def stop_asking(self) -> None:
        """Gives up what is being asked of the engine."""

    def _end_flash(self, note: str) -> None:
        if self._flash == note:
            self._flash = ""
            self.refresh_status()
