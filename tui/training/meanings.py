"""What each pane of a run shows, for someone who has never seen one: the first lines of F1.

For `tui.commands.key_names.with_keys`.
"""

FORM = (
    "Choose a text and how long to train; the plan follows from both, and {F5|train.start} starts it. It trains by "
    "itself: you may write meanwhile, or leave Pantoum."
)
MEANINGS = {
    "loss": (
        "Loss is how surprised the model is by the next piece of text, so lower is better. The faint line is each "
        "step, the strong one their mean. Validation is text that it never trains on: when that rises while training "
        "falls, the model learns your text by heart. ◆ is when the sample was written."
    ),
    "gradient": (
        "The gradient is how strongly a step wants to change the model. What is above the clip line is shortened to "
        "it. Many clipped steps say that the learning rate is too high."
    ),
    "layers": (
        "The gradient of each part of the model, on a log scale. Lines that lie close together are healthy; one far "
        "below the others belongs to a part that hardly learns."
    ),
    "flow": (
        "How far back the model can learn from. Across is training, down is steps back in the text; the stronger the "
        "colour, the more of the gradient arrives there. Colour far down means long memory."
    ),
    "rate": (
        "The learning rate is how large each step is. It rises first, and falls towards the end so that the model "
        "settles."
    ),
    "speed": "How many tokens are trained in a second. It falls while other programs need the machine.",
    "sample": (
        "What the model writes after the same seed text and with the same RNG seed at every evaluation, so that only "
        "its learning differs. {,|train.earlier} and {.|train.later} go back and on."
    ),
}
