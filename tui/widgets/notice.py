"""The lines under the text that tell the person what they should know."""

from typing import Literal

from textual.content import Content
from textual.widgets import Static

# What a sentence is about.
Topic = Literal["text", "saving", "journal", "model", "settings", "other"]
# How long it stays: until the next one, until its topic has news, or likewise, and above all others.
Weight = Literal["passing", "lasting", "wrong"]


class Notice(Static):
    """One sentence for each topic, what went wrong first. Takes no room while there is none.

    A sentence replaces that of its own topic, and every passing one. So something that went wrong is never hidden by
    what happens elsewhere: it goes when its topic has news, or when the person says so.
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__("", id=id, markup=False)
        self._said: dict[Topic, tuple[str, Weight]] = {}

    @property
    def sentence(self) -> str:
        """All that is shown, a line for each sentence; empty where nothing is."""
        return "\n".join(sentence for sentence, _ in self._in_order())

    def about(self, topic: Topic) -> str:
        """The sentence of a topic, or an empty string."""
        return self._said.get(topic, ("", "passing"))[0]

    def say(self, sentence: str, about: Topic = "other", weight: Weight = "passing") -> None:
        """Shows a sentence; an empty one takes that of the topic away."""
        if self._said.pop(about, None) is None and not sentence:
            return  # nothing to take away: showing it would lay the screen out anew
        if sentence:
            self._said = {topic: said for topic, said in self._said.items() if said[1] != "passing"}
            self._said[about] = (sentence, weight)
        self._show()

    def clear(self) -> None:
        """Takes everything away."""
        self._said = {}
        self._show()

    def _in_order(self) -> list[tuple[str, Weight]]:
        """What went wrong first, then the newest; what is said of two topics alike only once."""
        newest_first = reversed(self._said.values())
        once: dict[str, Weight] = {}
        for sentence, weight in sorted(newest_first, key=lambda said: said[1] != "wrong"):
            once.setdefault(sentence, weight)
        return list(once.items())

    def _show(self) -> None:
        shown = self._in_order()
        styles = {"wrong": "$text-error", "lasting": "$foreground", "passing": "$foreground"}
        self.update(Content("\n").join(Content.styled(sentence, styles[weight]) for sentence, weight in shown))
        self.set_class(bool(shown), "-shown")
        self.set_class(any(weight == "wrong" for _, weight in shown), "-wrong")
