"""Numbers as people read them."""

from datetime import UTC, datetime

MOST = 10**15  # beyond is no file and no model of this world, but what a damaged record says


def count(number: int) -> str:
    """``1,234,567``"""
    return f"{number:,}"


def size(number: int) -> str:
    """Bytes as ``512 B``, ``4.2 kB``, ``1.1 MB``: thousands, as file managers count."""
    value = float(min(number, MOST))
    for unit in ("B", "kB", "MB", "GB"):
        if value < 999.5:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 99.5 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def short(number: float) -> str:
    """``832``, ``1.2k``, ``3.4M``: for columns where three digits say enough."""
    number = min(number, MOST)
    for unit in ("", "k", "M", "G"):
        if number < 999.5:
            return f"{number:.0f}{unit}" if not unit or number >= 99.5 else f"{number:.1f}{unit}"
        number /= 1000
    return f"{number:.1f}T"


def duration(seconds: float) -> str:
    """``0:07``, ``12:05``, ``3:00:00``."""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def age(created: str, now: datetime | None = None) -> str:
    """How long ago an ISO 8601 moment was: ``just now``, ``5 min ago``, ``3 h ago``, ``2 days ago``, then the date."""
    try:
        then = datetime.fromisoformat(created)
    except ValueError:
        return created
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    seconds = ((now or datetime.now(UTC)) - then).total_seconds()
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return f"{int(seconds // 60)} min ago"
    if seconds < 86_400:
        return f"{int(seconds // 3600)} h ago"
    days = int(seconds // 86_400)
    if days < 30:
        return f"{days} day{'s' if days > 1 else ''} ago"
    return then.date().isoformat()
