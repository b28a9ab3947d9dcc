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
    Command("train.layers", "Layers", "Shows each layer's gradient norm.", "3", "pane('layers')", footer=False),
    Command("train.flow", "Through time", "Shows how far back gradients reach.", "4", "pane('flow')", footer=False),
    Command("train.rate", "Learning rate", "Shows the learning rate.", "5", "pane('rate')", footer=False),
    Command("train.speed", "Speed", "Shows the tokens trained in a second.", "6", "pane('speed')", footer=False),
    Command("train.sample", "Sample", "Shows what the model writes.", "7", "pane('sample')", footer=False),
    Command("train.earlier", "Earlier sample", "Shows the sample before.", "comma", "sample(-1)", footer=False),
    Command("train.later", "Later sample", "Shows the sample after.", "full_stop", "sample(1)", footer=False),
    Command("train.extend", "Extend", "Adds to the run's budget, while it trains or afterwards.", "e", "extend"),
    Command("train.queue", "Queue", "Trains the form's model once nothing else is training.", "f6", "start_queued"),
    Command(
        "train.enqueue",
        "Queue this run",
        "Goes on with the run once nothing else is training; once more takes it out of the queue.",
        "q",
        "enqueue",
        footer=False,
    ),
    Command(
        "train.set_rate",
        "Change the learning rate",
        "Sets another peak of the learning rate from the next step on.",
        "a",
        "change('learning_rate')",
        footer=False,
    ),
    Command(
        "train.set_dropout",
        "Change the dropout",
        "Sets another dropout from the next step on.",
        "k",
        "change('dropout')",
        footer=False,
    ),
    Command("train.duplicate", "Duplicate", "Opens the form with this run's settings.", "d", "duplicate", footer=False),
    Command("train.compare", "Compare", "Shows its settings beside another run's.", "b", "compare", footer=False),
    Command("train.rename", "Rename", "Gives the model another name.", "m", "rename", footer=False),
    Command("train.note", "Note", "Notes something about this model.", "j", "note", footer=False),
    Command("train.delete", "Delete", "Moves the model to the trash.", "delete", "delete", footer=False),
    Command("train.undo", "Undo deletion", "Brings back the model that was deleted last.", "u", "undo", footer=False),
    Command("train.clear", "Clear message", "Hides the line above the footer.", "escape", "clear", footer=False),
    Command(
        "train.first",
        "First sample",
        "Shows the first sample that is kept.",
        "less_than_sign",
        "sample(-9999)",
        footer=False,
    ),
    Command("train.newest", "Newest sample", "Shows the newest.", "greater_than_sign", "sample(9999)", footer=False),
    Command("train.zoom_in", "Zoom in", "Shows less of the run, larger.", "plus,equals_sign", "zoom(1)", footer=False),
    Command("train.zoom_out", "Zoom out", "Shows more of the run.", "minus", "zoom(-1)", footer=False),
    Command("train.whole", "Whole run", "Shows all of the run, and what comes.", "0", "show_all", footer=False),
    Command("train.pan_left", "Pan left", "Moves the view to what was before.", "shift+left", "pan(-1)", footer=False),
    Command(
        "train.pan_right", "Pan right", "Moves the view to what came after.", "shift+right", "pan(1)", footer=False
    ),
    Command(
        "train.read_left", "Read to the left", "Moves the crosshair back.", "left,h", "crosshair(-1)", footer=False
    ),
    Command(
        "train.read_right", "Read to the right", "Moves the crosshair on.", "right,l", "crosshair(1)", footer=False
    ),
    Command(
        "train.smoother",
        "Smoother",
        "Strong lines become the mean of more values.",
        "right_square_bracket",
        "smooth(1)",
        footer=False,
    ),
    Command(
        "train.rougher",
        "Rougher",
        "Strong lines become the mean of fewer values.",
        "left_square_bracket",
        "smooth(-1)",
        footer=False,
    ),
    Command(
        "train.logarithmic", "Linear or log", "Changes the chosen chart's y axis.", "y", "logarithmic", footer=False
    ),
    Command("train.axis", "Steps, tokens, time", "Changes what the x axis counts.", "x", "axis", footer=False),
    Command(
        "train.part",
        "Next layer or loss",
        "Shows the next layer through time, or the loss from both sides.",
        "t",
        "part",
        footer=False,
    ),
    Command("train.overlay", "Other runs", "Chooses runs to show beside this one.", "v", "overlay", footer=False),
)
