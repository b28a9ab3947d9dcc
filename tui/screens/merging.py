"""Two versions of a text side by side, with what both began as: which one stays, place by place."""

from collections.abc import Iterable
from itertools import takewhile
from typing import ClassVar

from rich.cells import cell_len, chop_cells
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.commands.command import Command
from tui.commands.key_names import with_keys
from tui.commands.merging import MERGING
from tui.commands.registry import bindings
from tui.manuscript.merging import UNKNOWN, Piece, Side

AROUND = 160  # characters of the text around a place
SHOWN = 4000  # characters of a place
LINE = 24  # cells of either form of a place in the list
KNOWN = 6  # characters of them before the first that differs
KEYS = (
    "{m|merging.mine} mine · {t|merging.theirs} theirs · {b|merging.both} both · {M|merging.all_mine} "
    "{T|merging.all_theirs} all that is to be chosen · {Enter|merging.save} saves · {Esc|merging.close} cancels"
)
CHOOSE = "Both changed this place: choose mine, theirs or both first."
NAMES = {"mine": "mine", "theirs": "theirs", "both": "both", None: "choose"}


class MergingScreen(ModalScreen[str | None]):
    """Returns the text as it was chosen, or None."""

    CSS_PATH = "merging.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]
    BINDINGS: ClassVar[list[BindingType]] = bindings(MERGING)
    commands: ClassVar[tuple[Command, ...]] = MERGING

    def __init__(self, name: str, pieces: list[Piece]) -> None:
        """`pieces` has one that differs, at least."""
        super().__init__()
        self._name = name
        self._pieces = pieces
        self.sides: list[Side | None] = [piece.merged for piece in pieces]
        self._places = [number for number, piece in enumerate(pieces) if piece.differs]
        self._lines = self._line_numbers()

    def compose(self) -> ComposeResult:
        with Vertical(id="merging"):
            yield OptionList(id="merging-list", compact=True)
            with Horizontal():
                for side in ("mine", "before", "theirs"):
                    with VerticalScroll(id=f"merging-{side}", can_focus=False):
                        yield Static(markup=False)
            yield Static(id="merging-said", markup=False)
            yield Static(with_keys(KEYS, self.app), id="merging-keys", markup=False)

    def on_mount(self) -> None:
        for side, title in (("mine", "Mine"), ("before", "Before both"), ("theirs", "Theirs")):
            self.query_one(f"#merging-{side}").border_title = title
        self.list_.add_options(Option(self._line(number)) for number in self._places)
        self.list_.highlighted = self._first_open() or 0
        self.list_.focus()
        self._count()
        self.call_after_refresh(self._show)

    @property
    def list_(self) -> OptionList:
        return self.query_one("#merging-list", OptionList)

    @property
    def open_places(self) -> int:
        """How many places are still to be chosen."""
        return sum(1 for number in self._places if self.sides[number] is None)

    def action_choose(self, side: Side) -> None:
        at = self.list_.highlighted
        if at is None:
            return
        self._set(at, side)
        self._count()
        following = self._first_open(at)
        if following is not None:
            self.list_.highlighted = following
        self._show()

    def action_choose_all(self, side: Side) -> None:
        for at, number in enumerate(self._places):
            if self.sides[number] is None:
                self._set(at, side)
        self._count()
        self._show()

    def action_save(self) -> None:
        if (missing := self._first_open()) is not None:
            self.list_.highlighted = missing
            self._say(CHOOSE)
            return
        self.dismiss("".join(piece.text(side or "mine") for piece, side in zip(self._pieces, self.sides, strict=True)))

    def action_close(self) -> None:
        self.dismiss(None)

    @on(OptionList.OptionSelected)
    def _selected(self) -> None:
        self.action_save()

    @on(OptionList.OptionHighlighted)
    def _show(self) -> None:
        """The highlighted place with what stands around it."""
        at = self.list_.highlighted
        if at is None:
            return
        number = self._places[at]
        piece, side = self._pieces[number], self.sides[number]
        forms = {"mine": piece.mine, "before": piece.base, "theirs": piece.theirs}
        for name, text in forms.items():
            pane = self.query_one(f"#merging-{name}")
            stays = (side == "both" and name != "before") or name == side
            pane.set_class(stays, "-stays")
            pane.query_one(Static).update(self._in_place(number, name, text))

    def _in_place(self, number: int, form: str, text: str) -> Content:
        if text == UNKNOWN:
            return Content.styled("What both began as is not known.", "$foreground-muted")
        before = self._form_of(reversed(range(number)), form)[-AROUND:]
        after = self._form_of(range(number + 1, len(self._pieces)), form)[:AROUND]
        shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text) - SHOWN:,} characters more)"
        return Content.assemble(
            (before, "$foreground-muted"),
            (shown or "▏", "$text-success" if text else "$text-error"),
            (after, "$foreground-muted"),
        )

    def _form_of(self, numbers: Iterable[int], form: str) -> str:
        """What some pieces say in one form, in the order of the text; no more of them than are shown."""
        found: list[tuple[int, str]] = []
        room = AROUND
        for number in numbers:
            piece = self._pieces[number]
            said = {"mine": piece.mine, "before": piece.base, "theirs": piece.theirs}[form]
            found.append((number, said))
            room -= len(said)
            if room <= 0:
                break
        return "".join(said for _, said in sorted(found))

    def _line(self, number: int) -> Content:
        piece, side = self._pieces[number], self.sides[number]
        why = {"mine": "you changed it", "theirs": "they changed it", None: "both changed it", "both": ""}[piece.merged]
        return Content.assemble(
            (f"{NAMES[side]:7}", "$text-warning bold" if side is None else "$text-success"),
            (f"  line {self._lines[number]:,}, {why}:  ", "$foreground-muted"),
            ("  │  ".join(_short(piece.mine, piece.theirs)), "$foreground"),
        )

    def _set(self, at: int, side: Side) -> None:
        number = self._places[at]
        self.sides[number] = side
        self.list_.replace_option_prompt_at_index(at, self._line(number))

    def _count(self) -> None:
        missing = self.open_places
        rest = f"{missing:,} to choose" if missing else "all chosen, Enter saves"
        many = f"{len(self._places):,} place{'s differ' if len(self._places) != 1 else ' differs'}"
        self.query_one("#merging").border_title = Content(f"{self._name}: {many}, {rest}")
        self._say("")

    def _say(self, sentence: str) -> None:
        """One sentence above the line of keys, which takes no room while there is none."""
        said = self.query_one("#merging-said", Static)
        said.update(sentence)
        said.display = bool(sentence)

    def _first_open(self, after: int = -1) -> int | None:
        """The next place that is to be chosen, behind this one or from the top again."""
        missing = [at for at, number in enumerate(self._places) if self.sides[number] is None]
        return next((at for at in missing if at > after), missing[0] if missing else None)

    def _line_numbers(self) -> list[int]:
        """In which line of mine each piece begins."""
        found, line = [], 1
        for piece in self._pieces:
            found.append(line)
            line += piece.mine.count("\n")
        return found


def _short(mine: str, theirs: str) -> tuple[str, str]:
    """Both forms in a line of the list: from about where they begin to differ, where that is far into them."""
    forms = [" ".join(text[: SHOWN + LINE].split()) for text in (mine, theirs)]
    common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(*forms, strict=False)))
    start = common - KNOWN if common > LINE // 2 else 0
    return _cut(forms[0], start, mine), _cut(forms[1], start, theirs)


def _cut(form: str, start: int, text: str) -> str:
    if not form:
        return "(line end)" if text else "(nothing)"
    line = f"…{form[start:]}" if start else form
    return line if cell_len(line) <= LINE else chop_cells(line, LINE - 1)[0] + "…"
