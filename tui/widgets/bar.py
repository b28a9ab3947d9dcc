"""A share of something, as a bar of characters."""

_EIGHTHS = " ▏▎▍▌▋▊▉"


def bar(share: float, width: int) -> tuple[str, str]:
    """The filled and the empty part of a bar `width` cells wide, to an eighth of a cell; `share` is 0 to 1."""
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    whole, rest = divmod(eighths, 8)
    filled = "█" * whole + (_EIGHTHS[rest] if rest else "")
    return filled, " " * (width - len(filled))
