"""A service that only pretends: it makes its text from the RNG seed, and fails by the model's name.

A model called ``endless`` streams until it is cancelled, ``mortal`` is killed at its tenth token, ``wordless`` refuses
to load, ``faulty`` ends with an internal error.
"""

import json
import os
import random
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from corpora.encoding import decode_file, find_encoding


def send(**message: Any) -> None:
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def stream(params: dict[str, Any]) -> None:
    name = Path(params["model"]).name
    draw = random.Random(params["seed"])
    index = sent = 0
    while sent < params["length"] or name == "endless":
        if name == "mortal" and index == 10:
            os.kill(os.getpid(), signal.SIGKILL)
        text = draw.choice("abc ßé語")
        send(method="token", params={"stream": 1, "index": index, "id": 0, "text": text})
        index, sent = index + 1, sent + len(text)
        if name == "endless":
            threading.Event().wait(0.005)
    if name == "faulty":
        done = {"stream": 1, "reason": "error", "tokens": index, "characters": sent, "seconds": 0.1, "error": "oh"}
    else:
        done = {"stream": 1, "reason": "length", "tokens": index, "characters": sent, "seconds": 0.1, "text": "!"}
    send(method="done", params=done)


def load(params: dict[str, Any]) -> dict[str, Any]:
    if Path(params["model"]).name == "wordless":
        raise ValueError("wordless has no weights yet: train it first.")
    return {
        "model": params["model"], "slug": "bard", "name": "bard", "unit": "char", "cell": "gru", "layers": 1,
        "hidden": 8, "vocabulary": 9, "parameters": 99, "step": 100, "device": "cpu",
    }  # fmt: skip


def score(params: dict[str, Any]) -> dict[str, Any]:
    text = params["text"] or "".join(decode_file(Path(params["path"]), find_encoding(Path(params["path"]))))
    return {
        "tokens": len(text), "characters": len(text), "bytes": len(text.encode()), "nats_per_token": 1.5,
        "bits_per_character": 2.164, "bits_per_byte": 2.1, "perplexity": 4.4817,
    }  # fmt: skip


def infill(params: dict[str, Any]) -> dict[str, Any]:
    draw = random.Random(params["seed"])
    length = params["length"] or params["max_length"]
    return {
        "takes": [
            {
                "text": "".join(draw.choice("abc ßé語") for _ in range(length)), "gap_bits": 20.5 + n,
                "right_bits": 30.25, "score": 40.0 + n,
            }
            for n in range(params["takes"])
        ]
    }  # fmt: skip


def takes(params: dict[str, Any]) -> dict[str, Any]:
    draw = random.Random(params["seed"])
    grown = [
        {
            "text": "".join(draw.choice("abc ßé語") for _ in range(8)) + (params["until"] or ""), "tokens": 8,
            "seed": params["seed"] + n, "surprisal": 1.5, "reason": "end", "same": 1 + n,
        }
        for n in range(params["takes"])
    ]  # fmt: skip
    return {"takes": grown, "exact": True, "seconds": 0.1}


def alternatives(params: dict[str, Any]) -> dict[str, Any]:
    words = [{"text": f"word{n}", "probability": 0.5 ** (n + 1)} for n in range(params["count"])]
    end = len(params["text"])
    return {
        "words": words, "word": "", "probability": None, "start": end, "end": end, "certain": end > 0, "exact": True,
    }  # fmt: skip


def surprisal(params: dict[str, Any]) -> dict[str, Any]:
    start, end = params["at"]["offset"], params["end"]
    return {"spans": [[place, min(place + 5, end), float(place)] for place in range(start, end, 5)], "exact": True}


METHODS = {
    "open_document": lambda params: {"document": 1},
    "surprisal": surprisal,
    "load": load,
    "score": score,
    "infill": infill,
    "takes": takes,
    "alternatives": alternatives,
}


def main() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        method, params, number = request["method"], request["params"], request.get("id")
        if number is None:
            continue
        if method == "shutdown":
            send(id=number, result=None)
            return
        try:
            if method == "stream":
                send(id=number, result={"stream": 1})
                threading.Thread(target=stream, args=(params,), daemon=True).start()
            else:
                send(id=number, result=METHODS[method](params))
        except ValueError as error:
            send(id=number, error={"code": 1001, "message": str(error)})


if __name__ == "__main__":
    main()
