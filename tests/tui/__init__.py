import tests.tui.idle  # noqa: F401 - whatever is pressed waits by it
