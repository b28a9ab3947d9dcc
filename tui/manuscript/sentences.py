"""Where a sentence ends. An apostrophe ends none, and neither does the full stop of an abbreviation or an initial."""

import re

_ENDS = re.compile(r"""[.!?…]+["'”’»)\]]*(?=\s)|[。！？]+[」』”’）]*|\n\s*\n|\n(?=\s*\S)""")
_SHORT = re.compile(
    "(?i:mr|mrs|ms|dr|prof|st|rev|hon|capt|col|gen|lt|sgt|jr|sr|vs|etc|e.g|i.e|cf|no|vol|ch|pp|fig|viz|approx|dept|est"
    "|bzw|z.b|d.h|u.a|usw|ca|nr|str|hr|fr|mm|mme|mlle|[^\\W\\d_])"
)
_LAST_WORD = re.compile(r"([\w.]+)\.$")


def first_sentence(text: str) -> str | None:
    """The text up to the end of its first sentence or line that says something; None where it doesn't end yet.

    The line end itself belongs to it only where nothing else ended it.
    """
    for match in _ENDS.finditer(text):
        head = text[: match.end()]
        if not head.strip() or not any(map(str.isalnum, head)):
            continue
        if match.group().startswith("."):
            word = _LAST_WORD.search(head)
            if word and _SHORT.fullmatch(word[1]):
                continue
        return head.rstrip("\n") if match.group().startswith("\n") else head
    return None
