"""The Write screen's list of suggestions: all takes of the place beside the text, the one at the caret marked."""

from time import monotonic

from textual import on

from tui.screens.write_suggest import WriteSuggest
from tui.widgets.editor import Editor
from tui.widgets.next_tokens import NextTokensPanel
from tui.widgets.takes_list import Suggestions

REST = 0.15  # seconds between two paintings while takes grow, and before the first: the one at the caret is more urgent


class WriteTakes(WriteSuggest):
    """Shows the takes where the next tokens stand otherwise, as these say little while one looks at takes."""

    _listed_at = 0.0

    @on(Editor.GhostChanged)
    def _takes_changed(self, event: Editor.GhostChanged) -> None:
        ghost, shown = event.ghost, self.next_tokens.suggestions
        if ghost is not self.editor.ghost:
            return  # a newer one is on its way
        now, turned = monotonic(), shown.shown and ghost is not None and ghost.number != shown.shown
        if ghost is not None and self.fetching and not turned and now - self._listed_at < REST:
            return
        self._listed_at = now
        self.list_takes()

    def _show_state(self) -> None:
        super()._show_state()
        if not self.fetching:
            self.call_after_refresh(self.list_takes)

    def list_takes(self) -> None:
        """Brings the list up to date."""
        ghost = self.editor.ghost
        texts = tuple(take.text[len(ghost.typed) :] for take in ghost.takes) if ghost is not None else ()
        self.next_tokens.suggestions = Suggestions(texts, ghost.number if ghost is not None else 0)

    @on(NextTokensPanel.TakePicked)
    def _take_picked(self, event: NextTokensPanel.TakePicked) -> None:
        self.action_pick(event.number)
        self.editor.focus()
