"""How work is shown while it goes on: a live picture on a terminal, one line a logged step elsewhere."""

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from engine.health import Health
from engine.records import MetricsLine, ModelRecord, SampleLine, Status
from tui.commandline.output import is_terminal, note, printable
from tui.commandline.output import line as write_line
from tui.readable import count, duration

if TYPE_CHECKING:
    from rich.console import Group
    from rich.text import Text

SAMPLE_LINES = 8


class Display(Protocol):
    """What `watching.follow` tells of a run, in the order in which it happens."""

    def __enter__(self) -> "Display": ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def step(self, line: MetricsLine) -> None: ...
    def sample(self, line: SampleLine) -> None: ...
    def status(self, status: Status) -> None: ...
    def note(self, text: str) -> None: ...


def figures(line: MetricsLine, *, word: bool = False) -> list[str]:
    """What one logged step says, in words and numbers, most important first."""
    parts = ["loss   —  " if line.loss is None else f"loss {line.loss:.4f}"]
    if line.validation_loss is not None:
        parts.append(f"validation {line.validation_loss:.4f}")
        if word and line.validation_loss < 50:
            parts.append(f"perplexity {math.exp(line.validation_loss):,.1f}")
    if line.bits_per_character is not None:
        parts.append(f"{line.bits_per_character:.3f} bits/char")
    return parts


class PlainDisplay:
    """One line on stdout for each line of ``metrics.jsonl``; everything else is a note on stderr."""

    def __init__(self, record: ModelRecord) -> None:
        self._record = record
        self._word = record.model.unit == "word"
        self._message = ""
        self._health = Health()
        self._rules: list[str] = []  # what was last said of how it goes

    def __enter__(self) -> "PlainDisplay":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def step(self, line: MetricsLine) -> None:
        parts = [f"step {line.step:>6}", *figures(line, word=self._word), f"lr {line.learning_rate:.2e}"]
        if line.gradient_norm is not None:
            parts.append(f"norm {line.gradient_norm:.2f}{' clipped' if line.clipped else ''}")
        if line.skipped:
            parts.append(f"skipped {line.skipped}")
        parts.append(f"{line.tokens_per_second:,.0f} tokens/s")
        parts.append(f"{duration(line.elapsed)} elapsed, {duration(line.remaining)} left")
        write_line("  ".join(parts))
        self._tell_health(line)

    def _tell_health(self, line: MetricsLine) -> None:
        """At an evaluation, says how it goes, where that is something else than before."""
        self._health.add(line)
        if line.validation_loss is None:
            return
        rules = [finding.rule for finding in self._health.findings(self._record)]
        if rules != self._rules and rules != ["early"]:
            note(self._health.sentence(self._record))
        self._rules = list(rules)

    def sample(self, line: SampleLine) -> None:
        pass

    def status(self, status: Status) -> None:
        if status.state == "starting" and status.message and status.message != self._message:
            self._message = status.message
            note(status.message)

    def note(self, text: str) -> None:
        note(text)


class LiveDisplay:
    """A bar for the budget, the newest figures and the newest sample, redrawn in place."""

    def __init__(self, record: ModelRecord) -> None:
        from rich.console import Console
        from rich.live import Live

        self._record = record
        self._console = Console(highlight=False)
        self._status = Status(state="starting")
        self._line: MetricsLine | None = None
        self._evaluated: MetricsLine | None = None
        self._sample: SampleLine | None = None
        self._health = Health()
        # Last: it asks for the picture at once.
        self._live = Live(console=self._console, refresh_per_second=5, get_renderable=self._picture)

    def __enter__(self) -> "LiveDisplay":
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def step(self, line: MetricsLine) -> None:
        self._line = line
        self._health.add(line)
        if line.validation_loss is not None:
            self._evaluated = line

    def sample(self, line: SampleLine) -> None:
        self._sample = line

    def status(self, status: Status) -> None:
        self._status = status

    def note(self, text: str) -> None:
        self._console.print(printable(text), style="yellow", markup=False)

    def _picture(self) -> "Group":
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        status = self._status
        head = Table.grid(padding=(0, 1), expand=True)
        head.add_column(no_wrap=True)
        head.add_column(ratio=1)
        head.add_column(no_wrap=True, justify="right")
        left = f"{status.progress:4.0%}"
        if status.state == "training":
            left += f"  {duration(status.remaining)} left"
        head.add_row(
            Text(printable(self._record.name), style="bold"),
            ProgressBar(total=1.0, completed=min(1.0, status.progress), pulse=status.state == "starting"),
            left,
        )
        rows: list[Text | Table] = [head, self._figures()]
        if self._line is not None:
            rows.append(Text(self._health.sentence(self._record), style="italic"))
        if self._sample is not None:
            rows.append(self._excerpt(self._sample))
        return Group(*rows)

    def _figures(self) -> "Text":
        from rich.text import Text

        if self._line is None:
            return Text(printable(self._status.message or "Starting"), style="dim")
        shown = self._line
        parts = [f"step {count(shown.step)}", *figures(shown)[:1]]
        if self._evaluated is not None:
            parts += figures(self._evaluated, word=self._record.model.unit == "word")[1:]
        parts.append(f"{shown.tokens_per_second:,.0f} tokens/s")
        if self._status.state == "paused":
            parts.append("paused")
        return Text("   ".join(parts), no_wrap=True, overflow="ellipsis")

    def _excerpt(self, sample: SampleLine) -> "Text":
        from rich.text import Text

        text = Text()
        text.append(printable(sample.prompt), style="dim")
        text.append(printable(sample.text))
        width = max(20, self._console.width - 2)
        lines = text.wrap(self._console, width, tab_size=4)[:SAMPLE_LINES]
        return Text("\n").join([Text(""), *(Text("  ") + each for each in lines)])


@contextmanager
def working(what: str) -> Iterator[Callable[[float, str], None]]:
    """A bar on stderr for a job of known size, where a person watches; gives the function that moves it."""
    if not is_terminal(sys.stderr):
        yield lambda share, message: None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, highlight=False)
    columns = (BarColumn(20), TimeRemainingColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=1.0)
        yield lambda share, message: bar.update(task, completed=share, description=escape(printable(message or what)))
