"""`pantoum train`, `resume` and `stop`, with a trainer that only pretends."""

import os
import shlex
import signal
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from corpora.library import CorpusLibrary
from engine.folder import ModelFolder, ModelLibrary
from engine.presets import Plan, plan
from engine.records import Status
from engine.settings import ModelConfig, TrainingConfig
from engine.speed import Speed
from tests.tui.cli_tools import VERSES, FakeTrainer, make_model, remember_speed, until
from tui.cli import main
from tui.commandline import failures, progress, runs, shelf, watching
from tui.commandline.failures import ReaderGone
from tui.training.catalogue import CATALOGUE, SETTINGS


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PANTOUM_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture
def verses(tmp_path: Path) -> str:
    (tmp_path / "verses.txt").write_text(VERSES)
    return "verses.txt"


@pytest.fixture
def trainer(monkeypatch: pytest.MonkeyPatch) -> FakeTrainer:
    return use(monkeypatch, FakeTrainer())


def use(monkeypatch: pytest.MonkeyPatch, trainer: FakeTrainer) -> FakeTrainer:
    monkeypatch.setattr(watching, "start_trainer", trainer)
    return trainer


def test_training_writes_one_line_for_each_logged_step(
    verses: str, trainer: FakeTrainer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", verses, "--name", "bard", "--steps", "3"]) == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert [line.split()[:2] for line in lines] == [["step", "1"], ["step", "2"], ["step", "3"]]
    assert "validation 1.0333" in lines[2]
    assert "1.59 bits per character" in said.err


def test_a_prepared_model_is_not_trained_and_the_command_for_several_ranks_is_shown(
    verses: str, trainer: FakeTrainer, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", verses, "--name", "bard", "--steps", "3", "--prepare"]) == 0
    command = shlex.split(capsys.readouterr().out)
    assert command[1:3] == ["-m", "torch.distributed.run"]
    assert command[-3:] == ["-m", "engine.trainer", str(home / "models" / "bard")]
    assert main(["resume", "bard", "--steps", "4", "--prepare"]) == 0
    assert shlex.split(capsys.readouterr().out) == command
    folder = ModelLibrary(home).get("bard")
    assert (folder.status().state, folder.record().training.steps) == ("prepared", 7)
    assert trainer.started == []
    for option in (["--detach"], ["--stop-after", "2"]):
        assert main(["resume", "bard", "--prepare", *option]) == 2


def test_what_was_asked_for_is_what_is_trained(verses: str, trainer: FakeTrainer) -> None:
    options = "--name b --unit word --cell lstm --layers 2 --hidden 40 --embedding 20 --dropout 0.25 --batch 3"
    options += " --length 17 --learning-rate 0.002 --minutes 0.5 --seed 9 --device cpu --stop-after 7"
    assert main(["train", verses, *options.split()]) == 0
    record = trainer.started[0].record()
    model, training = record.model, record.training
    assert (model.unit, model.cell, model.layers, model.hidden) == ("word", "lstm", 2, 40)
    assert (model.embedding, model.dropout) == (20, 0.25)
    assert (training.batch, training.length, training.learning_rate) == (3, 17, 0.002)
    assert (training.minutes, training.steps, training.seed, training.device) == (0.5, None, 9, "cpu")
    assert trainer.stop_after == 7
    assert record.corpus.slug == "verses"


OPTIONS: tuple[tuple[str, str, object], ...] = (  # as typed, the setting, its value in model.json
    ("--cell lstm-peephole", "cell", "lstm-peephole"),
    ("--peephole full --cell lstm-peephole", "peephole", "full"),
    ("--cell rnn-relu --identity", "identity", True),
    ("--layers 2", "layers", 2),
    ("--hidden 24", "hidden", 24),
    ("--embedding 12", "embedding", 12),
    ("--bidirectional", "bidirectional", True),
    ("--residual", "residual", True),
    ("--layer-norm", "layer_norm", True),
    ("--tied", "tied", True),
    ("--unit word --untied", "tied", False),
    ("--unit word --softmax adaptive", "softmax", "adaptive"),
    ("--vocabulary-cap 300", "vocabulary_cap", 300),
    ("--dropout 0.15", "dropout", 0.15),
    ("--input-dropout 0.25", "input_dropout", 0.25),
    ("--layer-dropout 0.35", "layer_dropout", 0.35),
    ("--output-dropout 0", "output_dropout", 0.0),
    ("--embedding-dropout 0.05", "embedding_dropout", 0.05),
    ("--weight-dropout 0.5", "weight_dropout", 0.5),
    ("--weight-decay 0.01", "weight_decay", 0.01),
    ("--ar 2", "activation_regularisation", 2.0),
    ("--tar 1", "temporal_regularisation", 1.0),
    ("--batch 3", "batch", 3),
    ("--length 17", "length", 17),
    ("--accumulate 4", "accumulate", 4),
    ("--learning-rate 0.002", "learning_rate", 0.002),
    ("--schedule one-cycle", "schedule", "one-cycle"),
    ("--warmup 0.1", "warmup", 0.1),
    ("--final-learning-rate 0.05", "final_learning_rate", 0.05),
    ("--horizon 0.5", "horizon", 0.5),
    ("--beta1 0.8", "beta1", 0.8),
    ("--beta2 0.95", "beta2", 0.95),
    ("--clip 0.25", "clip", 0.25),
    ("--clip-by value", "clip_by", "value"),
    ("--restart 0", "restart", 0.0),
    ("--ema 0.99", "ema", 0.99),
    ("--patience 5", "patience", 5),
    ("--validation 0.2", "validation", 0.2),
    ("--sample-prompt 'Once upon '", "sample_prompt", "Once upon "),
    ("--sample-length 80", "sample_length", 80),
    ("--seed 9", "seed", 9),
    ("--device cuda", "device", "cuda"),
    ("--precision fp16", "precision", "fp16"),
)


@pytest.mark.parametrize(("options", "name", "value"), OPTIONS)
def test_every_option_reaches_the_model_folder(
    options: str, name: str, value: object, verses: str, trainer: FakeTrainer
) -> None:
    assert main(["train", verses, "--name", "b", "--steps", "3", "--detach", *shlex.split(options)]) == 0
    record = trainer.started[0].record()
    config = record.model if name in type(record.model).__struct_fields__ else record.training
    assert getattr(config, name) == value


def test_every_setting_has_an_option_that_is_tested() -> None:
    everything = {*ModelConfig.__struct_fields__, *TrainingConfig.__struct_fields__}
    assert {name for _, name, _ in OPTIONS} == everything - {"unit", "minutes", "steps", "vocabulary"}


def test_the_help_lists_every_option_under_its_group(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--help"]) == 0
    text = capsys.readouterr().out
    assert [setting.flag for setting in SETTINGS.values() if f"  {setting.flag} " not in text] == []
    places = [text.index(f"\n{heading}:\n") for heading in ("Arguments", "Options", *CATALOGUE)]
    assert places == sorted(places)
    assert places[2] < text.index("--residual") < places[3] < text.index("--weight-decay") < places[4]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("--weight-dropout 1", "--weight-dropout is 1; it must be at least 0 and below 1."),
        ("--ar -1", "--ar is -1; it must be at least 0 and below 100."),
        ("--batch 2 --accumulate 3", "--accumulate is 3; it must be between 1 and 2."),
        ("--validation 0.9", "--validation is 0.9; it must be between 0.01 and 0.5."),
        ("--softmax adaptive --tied", "An adaptive softmax has tables of its own: it can't be tied to the embedding."),
        ("--identity", "Only rnn-relu can begin with the identity."),
        ("--peephole full --cell gru", "Only lstm-peephole has peepholes."),
        ("--learning-rate inf", "--learning-rate is inf; it must be below a million."),
    ],
)
def test_a_value_that_cannot_work_is_refused_by_the_options_name(
    options: str, sentence: str, verses: str, trainer: FakeTrainer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", verses, "--name", "b", "--steps", "3", *options.split()]) == 1
    assert capsys.readouterr().err == f"{sentence}\n"
    assert trainer.started == []


@pytest.mark.parametrize("options", [["--clip-by", "length"], ["--precision", "int8"], ["--patience", "soon"]])
def test_a_value_that_is_none_of_the_choices_is_a_mistake_in_usage(
    options: list[str], verses: str, trainer: FakeTrainer
) -> None:
    assert main(["train", verses, "--name", "b", *options]) == 2
    assert trainer.started == []


class Stopwatch:
    """Takes the place of `engine.speed.measure_speed`."""

    def __init__(self, speed: float) -> None:
        self.speed = Speed(speed)
        self.asked: list[str] = []

    def __call__(self, device: str) -> Speed:
        self.asked.append(device)
        return self.speed


def planned(monkeypatch: pytest.MonkeyPatch) -> list[Speed | None]:
    """The speeds that the presets are given from here on."""
    speeds: list[Speed | None] = []

    def note(*, speed: Speed | None = None, **chosen: Any) -> Plan:
        speeds.append(speed)
        return plan(speed=speed, **chosen)

    monkeypatch.setattr(runs, "plan", note)
    return speeds


def test_a_machine_of_unknown_speed_is_measured_and_the_plan_follows(
    verses: str, trainer: FakeTrainer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    watch, speeds = Stopwatch(3e9), planned(monkeypatch)
    monkeypatch.setattr(runs, "measure_speed", watch)
    assert main(["train", verses, "--name", "b", "--device", "cpu"]) == 0
    assert (watch.asked, speeds[-1]) == (["cpu"], Speed(3e9))
    assert "Measuring how fast this machine trains (once)…\n" in capsys.readouterr().err


def test_a_known_speed_is_used_without_measuring(
    verses: str, trainer: FakeTrainer, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    remember_speed(home, 5e9)
    watch, speeds = Stopwatch(3e9), planned(monkeypatch)
    monkeypatch.setattr(runs, "measure_speed", watch)
    assert main(["train", verses, "--name", "b"]) == 0
    assert (watch.asked, speeds[-1]) == ([], Speed(5e9))
    assert "Measuring" not in capsys.readouterr().err


def test_a_budget_in_steps_and_a_machine_that_trains_already_are_not_measured(
    verses: str, trainer: FakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Stopwatch(3e9)
    monkeypatch.setattr(runs, "measure_speed", watch)
    assert main(["train", verses, "--name", "a", "--steps", "3"]) == 0
    running(make_model("bard"))
    assert main(["train", verses, "--name", "b"]) == 0
    assert watch.asked == []


def test_a_machine_that_cannot_be_measured_trains_all_the_same(
    verses: str, trainer: FakeTrainer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    speeds = planned(monkeypatch)
    assert main(["train", verses, "--name", "b"]) == 0
    assert speeds[-1] is None
    assert "This machine's speed can't be measured. Two ordinary cores are assumed.\n" in capsys.readouterr().err
    assert len(trainer.started) == 1


def test_without_a_budget_it_trains_for_five_minutes(verses: str, trainer: FakeTrainer) -> None:
    assert main(["train", verses, "--name", "bard"]) == 0
    assert trainer.started[0].record().training.minutes == 5


def test_two_budgets_are_a_mistake_in_usage(verses: str, trainer: FakeTrainer) -> None:
    assert main(["train", verses, "--name", "bard", "--steps", "3", "--minutes", "1"]) == 2
    assert trainer.started == []


def test_settings_that_cannot_work_are_refused_before_anything_is_made(
    verses: str, trainer: FakeTrainer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", verses, "--name", "bard", "--dropout", "1.5"]) == 1
    assert "dropout is 1.5" in capsys.readouterr().err
    assert ModelLibrary().list() == []
    assert CorpusLibrary().list() == []


def test_a_name_without_a_letter_is_refused(
    verses: str, trainer: FakeTrainer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", verses, "--name", "../.."]) == 1
    assert "at least one letter or digit" in capsys.readouterr().err


def test_a_reader_of_the_lines_who_leaves_is_told_that_the_training_goes_on(
    verses: str, trainer: FakeTrainer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def closed(text: str) -> None:
        raise ReaderGone

    monkeypatch.setattr(progress, "write_line", closed)
    monkeypatch.setattr(failures, "silence", lambda: None)  # it would silence this test too
    assert main(["train", verses, "--name", "bard"]) == 0
    assert "pantoum stop bard" in capsys.readouterr().err


def test_a_name_that_is_taken_is_refused_with_the_way_out(
    verses: str, trainer: FakeTrainer, capsys: pytest.CaptureFixture[str]
) -> None:
    make_model("bard")
    assert main(["train", verses, "--name", "Bard", "--steps", "3"]) == 1
    assert capsys.readouterr().err == (
        "There is already a model named bard: resume it with `pantoum resume bard`, or choose another --name.\n"
    )
    assert trainer.started == []


def test_a_name_taken_while_the_files_were_read_is_refused_too(
    verses: str, trainer: FakeTrainer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    read = CorpusLibrary.add

    def somebody_is_quicker(*arguments: object, **options: object) -> object:
        make_model("bard")
        return read(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(CorpusLibrary, "add", somebody_is_quicker)
    assert main(["train", verses, "--name", "bard", "--steps", "3"]) == 1
    assert capsys.readouterr().err.startswith("There is already a model named bard")
    assert [entry.folder.slug for entry in ModelLibrary().list()] == ["bard"]


def test_the_same_file_twice_is_one_corpus(verses: str, trainer: FakeTrainer) -> None:
    assert main(["train", verses, "--name", "one"]) == 0
    assert main(["train", verses, "--name", "two"]) == 0
    assert [entry.slug for entry in CorpusLibrary().list()] == ["verses"]


def test_a_corpus_can_be_named_instead_of_files(verses: str, trainer: FakeTrainer, tmp_path: Path) -> None:
    main(["corpus", "add", verses, "--name", "My Verses"])
    (tmp_path / verses).unlink()
    assert main(["train", "my-verses", "--name", "bard"]) == 0
    assert trainer.started[0].record().corpus.name == "My Verses"


def test_a_file_wins_over_a_corpus_of_the_same_name_and_it_says_so(
    verses: str, trainer: FakeTrainer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["corpus", "add", verses])
    (tmp_path / "verses").write_text(VERSES[::-1])
    assert main(["train", "verses", "--name", "bard"]) == 0
    assert "There is a corpus named verses too; the file or folder of that name is used." in capsys.readouterr().err
    assert trainer.started[0].record().corpus.slug == "verses-2"


@pytest.mark.parametrize(
    ("sources", "sentence"),
    [
        (["verses", "verses.txt"], "Give either one corpus or files, not both: verses is a corpus"),
        (["verses", "others"], "A model learns from one corpus, and verses and others are 2."),
        (["verses.txt", "nowhere.txt"], "nowhere.txt is neither a file, a folder, nor a corpus."),
    ],
)
def test_sources_that_make_no_sense_together_are_explained(
    sources: list[str],
    sentence: str,
    verses: str,
    tmp_path: Path,
    trainer: FakeTrainer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["corpus", "add", verses])
    (tmp_path / "others.txt").write_text(VERSES * 2)
    main(["corpus", "add", "others.txt"])
    capsys.readouterr()
    assert main(["train", *sources, "--name", "bard"]) == 1
    assert capsys.readouterr().err.startswith(sentence)


def test_a_trainer_that_fails_ends_the_command_with_its_own_sentence(
    verses: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, FakeTrainer(ends="failed", error="The memory is full. Use a smaller batch."))
    assert main(["train", verses, "--name", "bard"]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == "The memory is full. Use a smaller batch."


def test_a_trainer_that_dies_at_once_is_noticed_at_once(
    verses: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = os.spawnlp(os.P_NOWAIT, "true", "true")
    os.waitpid(ended, 0)

    class Stillborn(FakeTrainer):
        def __call__(self, folder: ModelFolder, *, stop_after: int | None = None) -> int:
            folder.write_status(Status(state="starting", started=time.time(), heartbeat=time.time()))
            return ended

    use(monkeypatch, Stillborn())
    assert main(["train", verses, "--name", "bard"]) == 1
    assert "train.log" in capsys.readouterr().err


def interrupt_when_training(trainer: FakeTrainer, number: int, times: int) -> threading.Thread:
    """Sends a signal to this very process once the trainer has logged its steps."""

    def send() -> None:
        until(lambda: bool(trainer.started) and trainer.started[0].status().step == trainer.lines)
        os.kill(os.getpid(), number)
        if times == 2:
            until(lambda: trainer.started[0].control_path.exists())
            os.kill(os.getpid(), number)

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_wait_for_the_checkpoint_and_exit_with_130(
    number: int, verses: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    trainer = use(monkeypatch, FakeTrainer(ends="stopped", waits=True))
    interrupt_when_training(trainer, number, 1)
    assert main(["train", verses, "--name", "bard"]) == 130
    assert "bard stopped at step 3. Go on with: pantoum resume bard" in capsys.readouterr().err
    assert trainer.started[0].status().state == "stopped"


def test_a_second_ctrl_c_leaves_at_once(
    verses: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Slow(FakeTrainer):
        def _train(self, folder: ModelFolder) -> None:
            """Never gets to its first step, nor to looking for requests."""

    trainer = use(monkeypatch, Slow(lines=0))
    interrupt_when_training(trainer, signal.SIGINT, 2)
    assert main(["train", verses, "--name", "bard"]) == 130
    assert "still writing its checkpoint" in capsys.readouterr().err


def test_detached_it_returns_at_once_and_says_how_to_go_on(
    verses: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    trainer = use(monkeypatch, FakeTrainer(waits=True))
    assert main(["train", verses, "--name", "bard", "--detach"]) == 0
    said = capsys.readouterr().err
    assert "pantoum show bard" in said
    assert "pantoum stop bard" in said
    trainer.started[0].request("stop")  # lets the thread end
    until(lambda: trainer.started[0].status().state == "finished")


def test_a_stopped_run_is_resumed_and_shows_only_what_is_new(
    trainer: FakeTrainer, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_model("bard", state="stopped")
    folder.metrics_path.write_text('{"step": 1, "tokens": 1, "time": 1.0, "elapsed": 1, "remaining": 1, "loss": 9.0}\n')
    assert main(["resume", "bard", "--stop-after", "5"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert trainer.stop_after == 5


def test_a_finished_run_asks_for_more_budget(trainer: FakeTrainer, capsys: pytest.CaptureFixture[str]) -> None:
    make_model("bard", state="finished")
    assert main(["resume", "bard"]) == 1
    assert "pantoum resume bard --steps 100" in capsys.readouterr().err


def test_more_budget_is_added_to_what_there_was(trainer: FakeTrainer) -> None:
    make_model("bard", state="finished")
    make_model("poet", minutes=2.0)
    assert main(["resume", "bard", "--steps", "50"]) == 0
    assert main(["resume", "poet", "--minutes", "1.5"]) == 0
    assert [folder.record().training.steps for folder in trainer.started] == [150, None]
    assert trainer.started[1].record().training.minutes == 3.5


def test_a_budget_keeps_its_kind(trainer: FakeTrainer, capsys: pytest.CaptureFixture[str]) -> None:
    make_model("bard")
    assert main(["resume", "bard", "--minutes", "1"]) == 1
    assert "counted in steps" in capsys.readouterr().err


def test_what_trains_already_is_not_started_twice(trainer: FakeTrainer, capsys: pytest.CaptureFixture[str]) -> None:
    running(make_model("bard"))
    assert main(["resume", "bard"]) == 1
    assert "bard is being trained already" in capsys.readouterr().err
    assert trainer.started == []


def running(folder: ModelFolder) -> None:
    """Makes the folder look as while a trainer is at it: this very process."""
    now = time.time()
    folder.write_status(
        Status(state="training", pid=os.getpid(), host=socket.gethostname(), started=now, heartbeat=now, step=7)
    )


def test_stop_reaches_a_trainer_that_does_not_see_its_folder_any_more(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_model("bard", state="training")
    heard: list[ModelFolder] = []

    def hear(asked: ModelFolder) -> bool:
        heard.append(asked)
        folder.write_status(Status(state="stopped", step=3))
        return True

    monkeypatch.setattr(shelf, "DEAF", 0.0)
    monkeypatch.setattr(shelf, "INTERVAL", 0.0)
    monkeypatch.setattr(shelf, "signal_to_stop", hear)
    assert main(["stop", "bard"]) == 0
    assert [each.slug for each in heard] == ["bard"]
    assert "bard stopped at step 3" in capsys.readouterr().out


def test_stop_waits_until_the_trainer_has_stopped(capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_model("bard", state="stopped")
    trainer = FakeTrainer(ends="stopped", waits=True)
    trainer(folder)
    assert main(["stop", "bard"]) == 0
    said = capsys.readouterr()
    assert said.out == "bard stopped at step 3.\n"
    assert "pantoum resume bard" in said.err


def test_stopping_what_does_not_train_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    make_model("bard")
    assert main(["stop", "bard"]) == 0
    assert "nothing to stop" in capsys.readouterr().out


def test_a_trainer_that_does_not_stop_in_time_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shelf, "STOPPING", 0.0)
    running(make_model("bard"))
    assert main(["stop", "bard"]) == 1
    assert "asked to stop" in capsys.readouterr().err
