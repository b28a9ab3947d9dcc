"""A service that speaks `engine.protocol` on stdio without torch: ``python tests/tui/fake_service.py``.

Its text is a function of the RNG seed and the temperature alone, so a test knows it: `expected`. Models with "bad" in
their name are damaged, and those without a folder are gone. A prompt with ``DIE AFTER n`` kills it after n tokens;
``SLOW START`` holds the first token back until the dials are turned or the stream is cancelled. Requests are appended
to the file ``FAKE_SERVICE_LOG``, if set.
"""

import json
import os
import re
import sys
import threading
from pathlib import Path
from typing import Any

WORDS = ("rain ", "on ", "the ", "mill ", "and ", "no ", "road ", "home\n")


def expected(seed: int, temperatures: list[float]) -> str:
    """The text of a stream whose tokens were drawn at these temperatures."""
    return "".join(piece(seed, index, temperature) for index, temperature in enumerate(temperatures))


def piece(seed: int, index: int, temperature: float) -> str:
    word = WORDS[(seed * 3 + index) % len(WORDS)]
    return word if temperature < 1.5 else word.upper()


class FakeStream(threading.Thread):
    def __init__(self, service: "FakeService", number: int, params: dict[str, Any]) -> None:
        super().__init__(daemon=True)
        self.service, self.number, self.params = service, number, params
        self.dials: dict[str, Any] = params["dials"]
        self.cancelled = False
        self.turned = threading.Event()

    def run(self) -> None:
        prompt, sent, index, reason = self.service.before(self.params), 0, 0, "length"
        death = re.search(r"DIE AFTER (\d+)", prompt)
        drawn_with = self.dials
        if "SLOW START" in prompt:
            self.turned.wait(60)
        while sent < self.params["length"] and not self.cancelled:
            if death and index == int(death[1]):
                print("the fake service was told to die", file=sys.stderr, flush=True)
                os._exit(7)
            text = piece(self.params["seed"], index, self.dials.get("temperature", 0.8))
            token = {"stream": self.number, "index": index, "id": index % len(WORDS), "text": text}
            if self.dials.get("temperature") != drawn_with.get("temperature"):
                token["dials"] = drawn_with = dict(self.dials)
            if index == 0 and len(self.service.text) >= 1000:
                token["exact"] = False
            self.service.send({"method": "token", "params": token})
            sent += len(text)
            index += 1
            pace = self.dials.get("pace", 0)
            if pace:
                self.turned.wait(1 / pace)
                self.turned.clear()
        if self.cancelled:
            reason = "cancelled"
        self.service.streams.pop(self.number, None)
        done = {"stream": self.number, "reason": reason, "tokens": index, "characters": sent, "seconds": 0.5}
        self.service.send({"method": "done", "params": done})


class FakeService:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.streams: dict[int, FakeStream] = {}
        self.count = 0
        self.log = os.environ.get("FAKE_SERVICE_LOG")
        self.text = ""  # of the document that was opened last

    def send(self, message: dict[str, Any]) -> None:
        line = json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n"
        with self.lock:
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()

    def serve(self) -> None:
        for line in sys.stdin.buffer:
            request = json.loads(line)
            if self.log:
                with Path(self.log).open("a") as log:
                    log.write(json.dumps(request) + "\n")
            method, number, params = request["method"], request.get("id"), request.get("params") or {}
            if "bad" in str(params.get("model", "")):
                sentence = "weights.safetensors of bad is damaged. Restore it from a backup, or train again."
                self.send({"id": number, "error": {"code": 1003, "message": sentence}})
                continue
            if params.get("model") and not (Path(os.environ["PANTOUM_HOME"]) / "models" / params["model"]).exists():
                sentence = f"The model {params['model']} is no longer there."
                self.send({"id": number, "error": {"code": 1003, "message": sentence}})
                continue
            result = getattr(self, method)(params)
            if number is not None:
                self.send({"id": number, "result": result})
            if method == "stream":
                self.streams[self.count].start()
            if method == "shutdown":
                return

    def hello(self, _: dict[str, Any]) -> dict[str, Any]:
        protocol = int(os.environ.get("FAKE_SERVICE_PROTOCOL", "1"))
        return {"protocol": protocol, "version": "0", "pid": os.getpid(), "torch": "", "device": "cpu", "threads": 1}

    def load(self, params: dict[str, Any]) -> dict[str, Any]:
        slug = params["model"]
        return {"model": slug, "slug": slug, "name": slug.title(), "unit": "char", "cell": "gru", "layers": 1,
                "hidden": 8, "vocabulary": 8, "parameters": 100, "step": 1, "device": "cpu",
                "hash": "5eed"}  # fmt: skip

    def stream(self, params: dict[str, Any]) -> dict[str, Any]:
        self.count += 1
        self.streams[self.count] = FakeStream(self, self.count, params)
        return {"stream": self.count}

    def open_document(self, params: dict[str, Any]) -> dict[str, Any]:
        self.text = params["text"]
        self.count += 1
        return {"document": self.count}

    def edit(self, params: dict[str, Any]) -> None:
        self.text = self.text[: params["start"]] + params["text"] + self.text[params["end"] :]
        assert params["characters"] == len(self.text), "the copies have parted"

    def close_document(self, _: dict[str, Any]) -> None:
        return None

    def cancel_request(self, _: dict[str, Any]) -> None:
        return None

    def before(self, params: dict[str, Any]) -> str:
        """What stands before the caret that a request is about."""
        at = params.get("at")
        text: str = params.get("prompt", params.get("text", "")) if at is None else self.text[: at["offset"]]
        return text

    def takes(self, params: dict[str, Any]) -> dict[str, Any]:
        death = "DIE AFTER" in self.before(params)
        if death:
            print("the fake service was told to die", file=sys.stderr, flush=True)
            os._exit(7)
        texts = [self.sentence(params["seed"] + number, params) for number in range(params["takes"])]
        made = [
            {"text": text, "seed": params["seed"] + number, "tokens": 3, "surprisal": 2.0, "reason": "end"}
            for number, text in enumerate(texts)
        ]
        return {"takes": made, "exact": len(self.text) < 1000, "seconds": 0.01}

    def alternatives(self, params: dict[str, Any]) -> dict[str, Any]:
        """The words of `WORDS` for the word at the caret."""
        at = params["at"]["offset"]
        start = at - len(re.search(r"\w*$", self.text[:at])[0])  # type: ignore[index]
        end = at + len(re.match(r"\w*", self.text[at:])[0])  # type: ignore[index]
        words = [{"text": word.strip(), "probability": 0.5 / (n + 1)} for n, word in enumerate(WORDS)]
        return {"words": words, "word": self.text[start:end], "probability": 0.01, "start": start, "end": end,
                "certain": True, "exact": len(self.text) < 1000}  # fmt: skip

    def infill(self, params: dict[str, Any]) -> dict[str, Any]:
        """Numbered texts, which say how long the sides are; a left side with NOTHING has none."""
        sides = f"{len(params['left'])}+{len(params['right'])}"
        count = 0 if "NOTHING" in params["left"] else params["takes"]
        takes = [{"text": f"gap{n} {sides}", "gap_bits": 3.0, "right_bits": 2.0, "score": n} for n in range(count)]
        return {"takes": takes}

    def surprisal(self, params: dict[str, Any]) -> dict[str, Any]:
        """Each word, with the spaces before it, costs its length in bits."""
        start, end = params["at"]["offset"], params["end"]
        words = re.finditer(r"\s*\S+", self.text[start:end])
        return {
            "spans": [[start + word.start(), start + word.end(), len(word[0].strip())] for word in words],
            "exact": True,
        }

    def copied(self, params: dict[str, Any]) -> dict[str, Any]:
        """What stands between angle brackets was copied from character 1,234 on."""
        start, end = params["at"]["offset"], params["end"]
        found = re.finditer(r"<[^>]*>", self.text[start:end])
        return {"spans": [[start + span.start(), start + span.end(), 1233] for span in found], "corpus": "poems"}

    def sentence(self, seed: int, params: dict[str, Any]) -> str:
        """A stream's text up to its first line's end."""
        words, index = "", 0
        while not words.lower().endswith("home\n"):
            words += piece(seed, index, params["dials"].get("temperature", 0.8))
            index += 1
        return words[:-1]

    def set_dials(self, params: dict[str, Any]) -> dict[str, Any]:
        stream = self.streams.get(params["stream"])
        if stream is not None:
            stream.dials = params["dials"]
            stream.turned.set()
        return dict(params["dials"])

    def cancel(self, params: dict[str, Any]) -> dict[str, Any]:
        stream = self.streams.get(params["stream"])
        if stream is not None:
            stream.cancelled = True
            stream.turned.set()
        return {"stream": params["stream"], "running": stream is not None}

    def next(self, params: dict[str, Any]) -> dict[str, Any]:
        last = self.before(params)[-1:]
        first = {"id": 0, "text": last + "!", "probability": 0.5, "dialled": 0.6}
        rest = [{"id": i + 1, "text": word, "probability": 0.06, "dialled": 0.05} for i, word in enumerate(WORDS)]
        return {
            "tokens": [first, *rest][: params.get("count", 12)],
            "entropy": 2.25,
            "exact": len(self.text) < 1000,
        }

    def shutdown(self, _: dict[str, Any]) -> None:
        return None


if __name__ == "__main__":
    FakeService().serve()
