"""The colours of curves in whatever theme there is: strong, faint, and one for each run laid over another."""

from rich.style import Style
from textual.app import App
from textual.color import Color, ColorParseError

FAINT = 0.62  # how far a faint colour is towards the background
MUTED = 0.35
DARK_RUNS = ("#8fb0e0", "#c98bb0", "#9dbb74", "#e0736c", "#b9a3e3", "#6fc3d0", "#d0c46f", "#d8d5cc")
LIGHT_RUNS = ("#2f5fa8", "#93396b", "#4f7327", "#b0352d", "#6a45a8", "#1f7482", "#7d7010", "#2b2925")
ANSI_RUNS = (
    "ansi_bright_blue",
    "ansi_magenta",
    "ansi_green",
    "ansi_red",
    "ansi_bright_magenta",
    "ansi_bright_cyan",
    "ansi_yellow",
    "ansi_bright_green",
)


class Colours:
    """The styles of one app in its present theme. `name` is a theme variable, ``run 3``, or a colour."""

    def __init__(self, app: App[None]) -> None:
        self._variables = app.theme_variables
        self.ansi = app.native_ansi_color
        self.plain = app.no_color  # shades and dashes must say what colours would
        self._dark = app.current_theme.dark
        self.background = self.colour("background")

    def colour(self, name: str) -> Color:
        if name.startswith("run "):
            runs = ANSI_RUNS if self.ansi else DARK_RUNS if self._dark else LIGHT_RUNS
            return Color.parse(runs[int(name.removeprefix("run ")) % len(runs)])
        try:
            return Color.parse(self._variables.get(name, name))
        except ColorParseError:
            return Color.parse(self._variables["foreground"])

    def strong(self, name: str, *, bold: bool = False, on: str = "") -> Style:
        return Style(
            color=self.colour(name).rich_color, bgcolor=self.colour(on).rich_color if on else None, bold=bold or None
        )

    def faint(self, name: str) -> Style:
        return self._towards_background(name, FAINT)

    def muted(self) -> Style:
        return self._towards_background("foreground", MUTED)

    def _towards_background(self, name: str, share: float) -> Style:
        colour = self.colour(name)
        if self.ansi:
            return Style(color=colour.rich_color, dim=True)
        return Style(color=colour.blend(self.background, share).rich_color)
