"""Budget, learning rate and dropout changed after a run has begun: what is written down, and that a resume is exact."""

import shutil
import threading

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora.errors import InputError
from engine.changes import as_of, change_idle, changed, later, replayed
from engine.folder import ModelFolder
from engine.recording import Recorder
from engine.records import CorpusReference, ModelRecord, Results, State
from engine.settings import ModelConfig, TrainingConfig
from engine.training import Step, Trainer
from tests.engine.conftest import Home
from tests.engine.test_run import same_weights
from tui.training import actions

RECORD = ModelRecord(
    name="bard",
    created="",
    model=ModelConfig(dropout=0.1),
    training=TrainingConfig(steps=1000),
    corpus=CorpusReference(slug="plays", name="plays", sha256="", characters=1),
)
CHANGES = st.tuples(st.sampled_from(["steps", "learning_rate", "dropout"]), st.floats(0.01, 0.9), st.integers(0, 50))


@given(st.lists(CHANGES, max_size=6), st.integers(0, 300))
def test_going_back_to_a_step_and_making_the_changes_again_gives_the_same_record(
    made: list[tuple[str, float, int]], step: int
) -> None:
    record, at = RECORD, 0
    for setting, value, after in made:
        at += after
        record = changed(record, at, setting, 1000 * value if setting == "steps" else value)
    before = as_of(record, step)
    assert all(change.step <= step for change in before.changes)
    assert replayed(before, later(record, step)) == record
    assert msgspec.structs.replace(as_of(record, -1), notices=()) == RECORD


def test_a_change_is_told_with_its_step_and_both_values() -> None:
    record = changed(RECORD, 1200, "learning_rate", 0.004)
    assert record.notices == ("At step 1,200 the learning rate was changed from 0.008 to 0.004.",)
    assert changed(RECORD, 0, "steps", 500).notices == (
        "Before the first step the budget was raised from 1,000 to 1,500 steps.",
    )


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("minutes", 5, "counted in steps"),
        ("steps", 0, "above 0"),
        ("steps", float("nan"), "above 0"),
        ("steps", float("inf"), "inf steps are more"),
        ("steps", 1e300, "1e.300 steps are more"),
        ("steps", 0.4, "at least one step"),
        ("dropout", 1.5, "dropout is 1.5"),
        ("learning_rate", 0, "learning_rate is 0"),
        ("hidden", 5, "hidden can't be changed"),
    ],
)
def test_what_can_not_be_changed_is_refused_in_words(setting: str, value: float, said: str) -> None:
    with pytest.raises(InputError, match=said):
        changed(RECORD, 10, setting, value)


def dropouts(**own: float) -> ModelRecord:
    return msgspec.structs.replace(RECORD, model=ModelConfig(layers=1, dropout=0.1, **own))  # type: ignore[arg-type]


def test_a_dropout_that_would_change_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="would change nothing"):
        changed(dropouts(input_dropout=0.1, output_dropout=0.0), 10, "dropout", 0.3)


def test_a_changed_dropout_says_which_places_keep_their_own() -> None:
    assert changed(dropouts(input_dropout=0.2), 10, "dropout", 0.3).notices == (
        "At step 10 the dropout was changed from 0.1 to 0.3. What is set for input stays.",
    )


def test_a_change_beside_changes_still_to_come_brings_them_forward() -> None:
    record = changed(changed(RECORD, 100, "dropout", 0.3), 40, "dropout", 0.5)
    assert [(change.step, change.before, change.after) for change in record.changes] == [(40, 0.1, 0.3), (40, 0.3, 0.5)]
    assert as_of(record, 40).model.dropout == 0.5
    assert as_of(record, 39).model.dropout == 0.1


class Asking:
    """Asks for changes when a run has taken so many steps."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.folder: ModelFolder | None = None
        patch.setattr("engine.control.POLL", 0.0)
        advance = Trainer.advance

        def ask_then_advance(trainer: Trainer, progress: float) -> Step:
            if self.folder is not None and trainer.step == 10:
                self.folder.request("change", setting="learning_rate", value=0.002)
                self.folder.request("change", setting="dropout", value=0.4)
                self.folder.request("change", setting="steps", value=6.0)
            return advance(trainer, progress)

        patch.setattr(Trainer, "advance", ask_then_advance)


def test_a_run_that_was_changed_and_resumed_equals_an_uninterrupted_one(
    fresh_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = Asking(monkeypatch)
    whole = asking.folder = fresh_home.run_folder("whole", steps=24, layers=2, dropout=0.2)
    assert fresh_home.train(whole) == 0, whole.log_path.read_text()
    record = whole.record()
    assert (record.training.steps, record.training.learning_rate, record.model.dropout) == (30, 0.002, 0.4)
    assert [(change.step, change.setting) for change in record.changes] == [
        (11, "learning_rate"),
        (11, "dropout"),
        (11, "steps"),
    ]
    assert whole.status().step == 30
    assert any("At step 11 the dropout was changed" in notice for notice in record.notices)
    rates = {line.step: line.learning_rate for line in whole.metrics().read_all()}
    assert rates[12] < 0.3 * rates[11]

    killed = asking.folder = fresh_home.run_folder("killed", steps=24, layers=2, dropout=0.2)
    assert fresh_home.train(killed, stop_after=5) == 0
    kept = fresh_home.root / "kept"
    kept.mkdir()
    for path in (killed.resume_path, killed.resume_record_path):
        shutil.copy(path, kept)
    assert fresh_home.train(killed, stop_after=13) == 0
    for path in kept.iterdir():  # as if it had been killed before a checkpoint at step 18
        shutil.copy(path, killed.path)
    asking.folder = None
    assert fresh_home.train(killed, stop_after=17) == 0
    assert fresh_home.train(killed) == 0, killed.log_path.read_text()
    assert killed.record().training == record.training
    assert killed.record().changes == record.changes
    assert same_weights(whole, killed)
    first, second = ([(x.step, x.loss, x.learning_rate) for x in f.metrics().read_all()] for f in (whole, killed))
    assert first == second


@pytest.mark.parametrize("idle", [False, True])
def test_a_learning_rate_asked_for_after_an_explosion_is_the_one_that_is_trained_with(
    fresh_home: Home, monkeypatch: pytest.MonkeyPatch, idle: bool
) -> None:
    monkeypatch.setattr("engine.control.POLL", 0.0)
    folder = fresh_home.run_folder("halved", steps=20, final_learning_rate=0.999, warmup=0.0)
    advance = Trainer.advance

    def explode_once(trainer: Trainer, progress: float) -> Step:
        if trainer.step == 5:
            trainer.return_to(dict(trainer.model.state_dict()))
        if trainer.step == 9 and not idle:
            folder.request("change", setting="learning_rate", value=0.004)
        return advance(trainer, progress)

    monkeypatch.setattr(Trainer, "advance", explode_once)
    assert fresh_home.train(folder, stop_after=10) == 0
    if idle:
        change_idle(folder, "learning_rate", 0.004)
    assert fresh_home.train(folder) == 0
    rates = {line.step: line.learning_rate for line in folder.metrics().read_all()}
    assert rates[10] == pytest.approx(0.5 * rates[5], rel=0.01)
    assert rates[11] == pytest.approx(0.004, rel=0.01) and rates[20] == pytest.approx(0.004, rel=0.01)


def test_a_finished_run_with_a_larger_budget_goes_on(fresh_home: Home) -> None:
    folder = fresh_home.run_folder("more", steps=10)
    assert fresh_home.train(folder) == 0
    change_idle(folder, "steps", 10)
    assert (folder.status().state, folder.status().progress) == ("stopped", 0.5)
    assert fresh_home.train(folder) == 0
    assert (folder.status().state, folder.status().step) == ("finished", 20)


@pytest.mark.parametrize("doing", ["Saving", "Measuring"])
def test_a_run_that_is_extended_while_it_ends_goes_on_as_if_resumed(
    doing: str, fresh_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    resumed = fresh_home.run_folder("resumed", steps=20, dropout=0.2)
    assert fresh_home.train(resumed) == 0
    change_idle(resumed, "steps", 6)
    assert fresh_home.train(resumed) == 0

    late = fresh_home.run_folder("late", steps=20, dropout=0.2)
    ask_when(late, doing, monkeypatch)
    assert fresh_home.train(late) == 0
    assert (late.status().state, late.status().step, late.status().message) == ("finished", 26, "")
    assert late.record().changes == resumed.record().changes
    assert figures(late) == figures(resumed)
    assert same_weights(resumed, late)


def test_a_run_that_is_extended_while_a_stop_is_saved_has_more_to_do_when_it_is_resumed(
    fresh_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fresh_home.run_folder("stopped", steps=20)
    ask_when(folder, "Measuring", monkeypatch)
    assert fresh_home.train(folder, stop_after=12) == 0
    assert (folder.status().state, folder.status().step) == ("stopped", 12)
    assert folder.record().training.steps == 26


def test_what_is_asked_of_a_run_in_its_last_moment_is_either_heard_or_done_without_it(
    fresh_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fresh_home.run_folder("late", steps=4, sample_length=0)
    say, asking = Recorder.state, list[threading.Thread]()

    def ask_then_say(recorder: Recorder, state: State, **said: str) -> None:
        if state == "finished" and not asking:
            asking.append(threading.Thread(target=lambda: actions.change(folder, "steps", 3)))
            asking[0].start()
            asking[0].join(0.3)  # it waits for the run to have said so
        say(recorder, state, **said)

    monkeypatch.setattr(Recorder, "state", ask_then_say)
    assert fresh_home.train(folder) == 0
    asking[0].join(20)
    record, status = folder.record(), folder.status()
    assert record.training.steps == 7
    assert status.state == "stopped" or status.step == 7
    assert fresh_home.train(folder) == 0
    assert (folder.status().state, folder.status().step) == ("finished", 7)


def test_changes_from_several_sides_are_all_kept(fresh_home: Home) -> None:
    folder = fresh_home.run_folder("busy", steps=4)

    def note(side: int) -> None:
        for number in range(10):
            folder.update_record(
                lambda now, text=f"{side}-{number}": msgspec.structs.replace(now, notices=(*now.notices, text))  # type: ignore[misc]
            )

    threads = [threading.Thread(target=note, args=(side,)) for side in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(folder.record().notices)) == 30


def ask_when(folder: ModelFolder, doing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asks for six more steps, once, when this is said to be done."""
    say, left = Recorder.say, [6.0]

    def ask_and_say(recorder: Recorder, message: str) -> None:
        if left and message.startswith(doing):
            folder.request("change", setting="steps", value=left.pop())
        say(recorder, message)

    monkeypatch.setattr(Recorder, "say", ask_and_say)


def figures(folder: ModelFolder) -> Results:
    """The results, but for the time that it took."""
    results = folder.record().results
    assert results is not None
    return msgspec.structs.replace(results, elapsed=0.0)


def test_a_change_that_can_not_be_is_refused_by_the_trainer_too(
    fresh_home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("engine.control.POLL", 0.0)
    folder = fresh_home.run_folder("refused", steps=8)
    advance = Trainer.advance

    def ask_then_advance(trainer: Trainer, progress: float) -> Step:
        if trainer.step == 2:
            folder.request("change", setting="dropout", value=7.0)
        return advance(trainer, progress)

    monkeypatch.setattr(Trainer, "advance", ask_then_advance)
    assert fresh_home.train(folder) == 0
    assert folder.record().changes == ()
    assert "dropout is 7" in capsys.readouterr().err  # the trainer's stderr is its log
