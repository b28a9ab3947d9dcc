"""The one kind of error that is shown to a person as it stands."""


class InputError(Exception):
    """Something that the person gave is wrong.

    The message is a whole sentence: what was wrong, with which file or value, and what to do.
    """
