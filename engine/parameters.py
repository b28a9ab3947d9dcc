"""How many trainable numbers a model has, from its settings alone. Free of torch."""

from engine.settings import Cell, ModelConfig

GATES: dict[Cell, int] = {"gru": 3, "lstm": 4, "lstm-peephole": 4, "rnn-tanh": 1, "rnn-relu": 1}


def parameters(model: ModelConfig) -> int:
    """Trainable numbers in a model whose vocabulary is known, tied weights once."""
    V, E, H = model.vocabulary, model.embedding, model.hidden
    D = E if model.tied else H
    directions = 2 if model.bidirectional else 1
    biases = 2 * GATES[model.cell] * H * model.layers
    if model.cell == "lstm-peephole" and model.peephole == "diagonal":
        biases += 3 * H * model.layers
    norms = 2 * (E + model.layers * H) if model.layer_norm else 0
    count = V * E + layer_weights(model) + directions * (biases + norms)
    if model.bidirectional:
        count += 2 * H * D + (2 * H + 1) * D
    elif D != H:
        count += H * D
    return count + (_adaptive(D, V) if model.softmax == "adaptive" else V + (0 if model.tied else V * D))


def layer_weights(model: ModelConfig) -> int:
    """Weights of the recurrent layers, in both directions together, without biases."""
    inputs = model.embedding + (model.layers - 1) * model.hidden
    one_way = GATES[model.cell] * model.hidden * (inputs + model.layers * model.hidden)
    if model.cell == "lstm-peephole" and model.peephole == "full":
        one_way += 3 * model.layers * model.hidden * model.hidden
    return one_way * (2 if model.bidirectional else 1)


def cutoffs(vocabulary: int) -> list[int]:
    """Where the head and the first cluster of an adaptive softmax end: a tenth and four tenths of the vocabulary."""
    head = max(1, vocabulary // 10)
    return [head, max(head + 1, 4 * vocabulary // 10)]


def _adaptive(width: int, vocabulary: int) -> int:
    """Of an adaptive softmax: its head, and two clusters of narrower vectors. See `engine.softmax`."""
    narrower = min(4.0, 0.999 * width**0.5)
    ends = [*cutoffs(vocabulary), vocabulary]
    count = (ends[0] + 2) * (width + 1)
    for number in (1, 2):
        inner = int(width // narrower**number)
        count += inner * width + inner * (ends[number] - ends[number - 1])
    return count
