"""The command `pantoum keys`: its options. What it does is in `key_list`."""

from typing import Annotated

import typer


def keys(json: Annotated[bool, typer.Option("--json", help="Answer with JSON, for scripts.")] = False) -> None:
    """List every command of the app by its screen: its name for keys.toml, its keys as they are now, what it does.

    \b
    Examples:
      pantoum keys
      pantoum keys | grep branch
    """
    from tui.commandline import key_list

    key_list.list_keys(json=json)
