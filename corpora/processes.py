"""Other processes of this machine."""

import os


def has_process(pid: int) -> bool:
    """Whether a process of this number is there, be it one that has ended and whose parent has not asked how."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True
