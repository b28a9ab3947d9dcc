"""How tokens look in the list of next ones."""

import pytest

from tui.widgets.next_tokens import shown


@pytest.mark.parametrize(
    ("token", "look"),
    [(" a", "␣a"), ("\n", "⏎"), ("", "∅"), ("\u2060", "∙"), ("\u2060”", "∙”"), ("👩\u200d🚀", "👩\u200d🚀")],
)
def test_a_token_that_prints_nothing_can_be_seen(token: str, look: str) -> None:
    assert shown(token) == look
