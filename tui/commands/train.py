"""The commands of the Train screen."""

from tui.commands.command import Command

TRAIN: tuple[Command, ...] = (
    Command("train.start", "Start", "Trains a new model with the settings of the form.", "f5", "start"),
    Command("train.new", "New", "Opens the form for another model; this run goes on.", "n", "new"),
    Command("train.pause", "Pause", "Holds the run after this step, its memory kept.", "p", "pause"),
    Command(
        "train.resume",
        "Resume",
        "Goes on with a paused run, or from the last checkpoint of a stopped one.",
        "r",
        "resume",
    ),
    Command("train.checkpoint", "Checkpoint", "Saves everything now, and goes on.", "c", "checkpoint"),
    Command("train.stop", "Stop", "Ends the run; what it has learned is kept and can be resumed.", "s", "stop"),
    Command("train.write", "Write with it", "Opens this model in Write.", "w", "write"),
    Command("train.runs", "Runs", "Chooses which run to look at.", "o", "choose_run"),
    Command("train.loss", "Loss", "Shows the loss.", "1", "pane('loss')", footer=False),
    Command("train.gradient", "Gradient", "Shows the gradient norm.", "2", "pane('gradient')", footer=False),
    Command("train.rate", "Learning rate", "Shows the learning rate.", "3", "pane('rate')", footer=False),
    Command("train.sample", "Sample", "Shows what the model writes.", "4", "pane('sample')", footer=False),
    Command("train.earlier", "Earlier sample", "Shows the sample before.", "comma", "sample(-1)", footer=False),
    Command("train.later", "Later sample", "Shows the sample after.", "full_stop", "sample(1)", footer=False),
    Command("train.clear", "Clear message", "Hides the line above the footer.", "escape", "clear", footer=False),
)
