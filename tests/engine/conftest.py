"""A model that the real trainer trained for a moment, for all tests that need one."""

import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from corpora.library import CorpusLibrary
from engine import trainer
from engine.evaluation import Evaluator
from engine.folder import ModelFolder, ModelLibrary
from engine.presets import plan
from engine.records import CorpusReference
from engine.settings import UNITS, Cell, Unit
from tests.texts import prose


@dataclass(frozen=True)
class Home:
    """A Pantoum home folder with one corpus in it."""

    root: Path

    def run_folder(
        self, name: str, *, steps: int, unit: Unit = "char", cell: Cell = "gru", **settings: object
    ) -> ModelFolder:
        """A prepared model folder for so many steps on the corpus; `settings` as `plan` takes them."""
        corpus = CorpusLibrary(self.root).get("prose")
        chosen = {"cell": cell, "hidden": 32, "seed": 1, **settings}
        made = plan(
            characters=corpus.record.characters,
            unit=unit,
            steps=steps,
            speed=None,
            minutes=None,
            alphabet=None,
            **chosen,
        )
        return ModelLibrary(self.root).create(
            name,
            model=made.model,
            training=made.training,
            corpus=CorpusReference.of(corpus),
        )

    def train(self, folder: ModelFolder, *, stop_after: int | None = None, stream: int = 128) -> int:
        """Runs the trainer's own entry to its end, in this process, where torch is already loaded.

        It is judged by streams of so many tokens: with some 2,000 in all, many short ones are quicker than a long one.
        """
        handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PANTOUM_HOME", str(self.root))
            patch.setenv("PANTOUM_THREADS", "1")
            patch.delenv("PANTOUM_STARTED", raising=False)
            patch.setattr(Evaluator, "STREAM", stream)
            if stop_after is not None:
                patch.setenv("PANTOUM_STOP_AFTER", str(stop_after))
            try:
                return trainer.main([str(folder.path)])
            finally:
                for number, handler in handlers.items():
                    signal.signal(number, handler)


def make_home(root: Path, characters: int = 20_000, text: str = "") -> Home:
    """A home whose corpus, called ``prose``, is `text`, or so many characters of our prose."""
    file = root / "prose.txt"
    root.mkdir(parents=True, exist_ok=True)
    file.write_text(text or prose(characters), encoding="utf-8")
    CorpusLibrary(root).add([file], name="prose")
    return Home(root)


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Tests' models are tiny, and two threads of a busy machine mostly wait for each other."""
    torch.set_num_threads(1)


@pytest.fixture
def fresh_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home of this test's own, which PANTOUM_HOME names."""
    root = tmp_path / "home"
    monkeypatch.setenv("PANTOUM_HOME", str(root))
    monkeypatch.setenv("PANTOUM_THREADS", "1")  # tests share the machine's cores with their own child processes
    return make_home(root)


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = make_home(tmp_path_factory.mktemp("trained") / "home")
    for unit in ("char", "word", "bpe"):
        folder = home.run_folder(unit, steps=60, unit=unit)
        assert home.train(folder) == 0, folder.log_path.read_text()
    return home


@pytest.fixture
def trained(trained_once: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A copy of a home with three trained models, ``char``, ``word`` and ``bpe``, which PANTOUM_HOME names."""
    root = tmp_path / "trained"
    shutil.copytree(trained_once.root, root)
    monkeypatch.setenv("PANTOUM_HOME", str(root))
    yield Home(root)


@pytest.fixture(scope="session")
def bidirectional_once(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with three bidirectional models, ``char``, ``word`` and ``bpe``, which no test may change."""
    home = make_home(tmp_path_factory.mktemp("bidirectional") / "home")
    for unit in UNITS:
        folder = home.run_folder(
            unit, steps=60, unit=unit, bidirectional=True, layers=1, learning_rate=8e-3, ema=0.0, sample_length=0
        )
        assert home.train(folder) == 0, folder.log_path.read_text()
    return home
