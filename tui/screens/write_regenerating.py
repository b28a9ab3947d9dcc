"""The Write screen's proof: whether what models wrote comes out the same again."""

from tui.manuscript.journal_records import FileState, snapshot_of
from tui.screens.write_branches import WriteBranches


class WriteRegenerating(WriteBranches):
    """Asks the engine for every take of the text once more. The text stays as it is."""

    def action_regenerate(self) -> None:
        from tui.screens.regenerate import RegenerateScreen

        self._settle()
        snapshot = snapshot_of(self.editor.manuscript, (self.editor.caret, self.editor.caret), FileState())
        self.app.push_screen(RegenerateScreen(snapshot, self.link.client, self.root), self._go_to_take)

    def _go_to_take(self, number: int | None) -> None:
        node = self.editor.manuscript.history.nodes.get(number) if number is not None else None
        if node is not None:
            self._go(node)
