"""Options made from the catalogue of settings, and a help page that lists them under their groups' headings."""

import inspect
from collections import defaultdict
from collections.abc import Callable
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from tui.training.catalogue import CATALOGUE, Setting

EVERYDAY = "Options"
FIRST, LAST = ("corpus", "train", "write", "sample"), ("engine",)
NO_BRACES = str.maketrans("", "", "{}")
METAVARS: dict[type, str] = {int: "N", float: "X", str: "TEXT"}

NoMouse = Annotated[bool, typer.Option("--no-mouse", help="Leave the mouse to the terminal, to select and copy with.")]


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Gives `command` an option for every setting that it has no parameter for; None stands for "not given".

    They arrive in its ``**`` parameter, by the settings' names.
    """
    signature = inspect.signature(command)
    own = [each for each in signature.parameters.values() if each.kind is not each.VAR_KEYWORD]
    known = {each.name for each in own}
    options = [
        inspect.Parameter(
            setting.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_option(setting, group)
        )
        for group, settings in CATALOGUE.items()
        for setting in settings
        if setting.name not in known
    ]
    own = [each.replace(kind=each.KEYWORD_ONLY) for each in own]  # typer calls by name
    command.__signature__ = signature.replace(parameters=[*own, *options])  # type: ignore[attr-defined]
    return command


def _option(setting: Setting, panel: str) -> Any:
    """The annotated type that typer makes an option of."""
    kind: Any = setting.kind
    flag = setting.flag
    if setting.choices:
        kind = Literal[setting.choices]
    elif kind is bool and setting.derived:
        flag = f"{flag}/--un{setting.name}"
    help_ = setting.help[0].upper() + setting.help[1:] + "."
    if setting.default and not setting.derived:
        default = setting.shown(setting.default)
        help_ += f"  [default: {'; '.join(filter(None, (default, setting.otherwise)))}]"
    metavar = METAVARS.get(kind)
    return Annotated[kind | None, typer.Option(flag, help=help_, metavar=metavar, rich_help_panel=panel)]


class GroupedHelp(TyperCommand):
    """A command whose help lists its options under the headings that they were given as panels.

    And says nothing of Python's types: ``MODEL``, and not ``{MODEL} <str>``.
    """

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        return [piece.translate(NO_BRACES) for piece in super().collect_usage_pieces(ctx)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Arguments first, then the everyday options, then each group."""
        groups: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for parameter in self.get_params(ctx):
            if (record := parameter.get_help_record(ctx)) is None:
                continue
            if parameter.param_type_name == "argument":
                groups["Arguments"].append((record[0].partition(" <")[0], record[1]))
            else:
                panel = parameter.rich_help_panel if isinstance(parameter, TyperOption) else None
                groups[panel or EVERYDAY].append(record)
        for heading in sorted(groups, key=_place):
            with formatter.section(heading):
                formatter.write_dl(groups[heading])


class OrderedCommands(TyperGroup):
    """Lists what one begins with first, and what is for other programs last."""

    def list_commands(self, ctx: Any) -> list[str]:
        commands = super().list_commands(ctx)
        first = [name for name in FIRST if name in commands]
        return [*first, *(name for name in commands if name not in (*FIRST, *LAST)), *LAST]


def _place(heading: str) -> int:
    headings: list[str] = ["Arguments", EVERYDAY, *CATALOGUE]
    return headings.index(heading)
