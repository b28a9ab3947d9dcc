"""What can be done with the run on the Train screen, driven by keys."""

import json
from pathlib import Path

import msgspec
import pytest
from textual.widgets import Input

from corpora.errors import InputError
from corpora.home import home as home_folder
from engine.folder import ModelFolder, ModelLibrary
from engine.records import CorpusReference
from engine.settings import ModelConfig, TrainingConfig
from tests.tui.driving import SIZES, Driver, add_corpus, running
from tests.tui.recorded import RecordedRun
from tui.app import PantoumApp
from tui.screens.compare import CompareScreen
from tui.screens.pick_run import PickRun
from tui.screens.train import TrainScreen
from tui.widgets.advanced_settings import AdvancedSettings
from tui.widgets.amount_dialog import AmountDialog, number_of
from tui.widgets.dial import Dial
from tui.widgets.dialogs import LineDialog
from tui.widgets.run_form import RunForm


@pytest.fixture
def run(home: Path) -> RecordedRun:
    return RecordedRun.after(400, home)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[ModelFolder]:
    folders: list[ModelFolder] = []
    monkeypatch.setattr("engine.launch.start_trainer", folders.append)
    return folders


@pytest.fixture
def runners(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    asked: list[str] = []
    for module in ("actions", "monitor"):
        monkeypatch.setattr(f"tui.training.{module}.ensure_runner", lambda module=module: asked.append(module))
    return asked


async def answer(driver: Driver, text: str) -> None:
    """Types this over what a dialog proposes."""
    await driver.until(lambda: isinstance(driver.app.screen, LineDialog), "a dialog")
    driver.app.screen.query_one(Input).value = text
    await driver.press("enter")


async def shown(driver: Driver, slug: str) -> None:
    screen = driver.app.screen_stack[0]
    assert isinstance(screen, TrainScreen)
    screen.watch_run(slug)
    await driver.until(lambda: screen._view is not None and screen._view.slug == slug, f"{slug} on the screen")


def changes(run: RecordedRun) -> list[tuple[str, float]]:
    asked = [json.loads(line) for line in run.requests()]
    return [(each["setting"], each["value"]) for each in asked if each["request"] == "change"]


@pytest.mark.parametrize("size", SIZES)
async def test_how_it_goes_is_said_in_words(run: RecordedRun, size: tuple[int, int]) -> None:
    async with running(size, "train") as driver:
        await driver.shows("Still improving")


@pytest.mark.parametrize(
    ("key", "typed", "asked"),
    [("e", "7.5", ("minutes", 7.5)), ("a", "0.002", ("learning_rate", 0.002)), ("k", "0.3", ("dropout", 0.3))],
)
async def test_a_running_run_is_changed_by_key(
    run: RecordedRun, key: str, typed: str, asked: tuple[str, float]
) -> None:
    async with running((80, 24), "train") as driver:
        await driver.shows("● training")
        await driver.press(key)
        await answer(driver, typed)
        await driver.says("bard")
    assert changes(run) == [asked]


async def test_a_number_that_can_not_be_is_explained_where_it_was_typed(run: RecordedRun) -> None:
    async with running((80, 24), "train") as driver:
        await driver.shows("● training")
        await driver.press("k")
        await answer(driver, "1.5")
        await driver.shows("dropout is 1.5; it must be at least 0 and below 1.")
        await answer(driver, "much")
        await driver.shows("much is not a number")
        assert isinstance(driver.app.screen, AmountDialog)
        await driver.press("escape")
    assert changes(run) == []


@pytest.mark.parametrize("typed", ["inf", "1e999", "-inf", "nan", "five", " "])
def test_what_is_typed_and_no_number_is_said_to_be_none(typed: str) -> None:
    with pytest.raises(InputError, match="is not a number"):
        number_of(typed)


async def test_a_finished_run_is_extended_and_goes_on(run: RecordedRun, started: list[ModelFolder]) -> None:
    run.finish()
    async with running((80, 24), "train") as driver:
        await driver.until(lambda: driver.app.screen.query("#run-picker"))
        await shown(driver, "bard")
        await driver.press("e")
        await answer(driver, "5")
        await driver.until(lambda: started, "the trainer")
    assert run.folder.record().training.minutes == 10
    assert [folder.slug for folder in started] == ["bard"]


async def test_a_queued_run_that_is_extended_stays_in_the_queue(
    run: RecordedRun, started: list[ModelFolder], runners: list[str]
) -> None:
    run.status("queued")
    async with running((80, 24), "train") as driver:
        await driver.until(lambda: driver.app.screen.query("#run-picker"))
        await shown(driver, "bard")
        await driver.press("e")
        await answer(driver, "5")
        await driver.says("10 minutes")
        await driver.pilot.pause(0.1)
    assert run.folder.status().state == "queued"
    assert started == []


async def test_a_budget_that_can_not_be_added_is_explained_and_starts_nothing(
    run: RecordedRun, started: list[ModelFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise InputError("model.json can't be written (No space left on device).")

    monkeypatch.setattr("tui.training.actions.change_idle", fail)
    run.finish()
    async with running((80, 24), "train") as driver:
        await driver.until(lambda: driver.app.screen.query("#run-picker"))
        await shown(driver, "bard")
        await driver.press("e")
        await answer(driver, "5")
        await driver.says("model.json can't be written")
        await driver.pilot.pause(0.1)
        assert "model.json can't be written" in driver.message
    assert started == []


async def test_a_duplicate_begins_with_the_same_settings_under_another_name(
    home: Path, started: list[ModelFolder]
) -> None:
    corpus = add_corpus(home)
    model = ModelConfig(unit="word", cell="lstm-peephole", hidden=48, embedding=24, input_dropout=0.25, tied=False)
    training = TrainingConfig(minutes=7, batch=5, learning_rate=1 / 300, horizon=1 / 3, ema=0.9, sample_prompt="Once")
    ModelLibrary(home).create("bard", model=model, training=training, corpus=CorpusReference.of(corpus))
    async with running((80, 24), "train") as driver:
        form = driver.app.screen.query_one(RunForm)
        await driver.until(lambda: form.corpus is not None, "a text")
        await shown(driver, "bard")
        await driver.press("d")
        await driver.says("The settings of bard")
        await driver.until(lambda: form.outcome.plan and form.outcome.plan.training.sample_prompt == "Once")
        await driver.until(lambda: form.max_scroll_y > 0 and form.scroll_y == 0, "the top of the form")
        await driver.pilot.pause(0.3)
        assert form.scroll_y == 0
        await driver.press("f5")
        await driver.until(lambda: started, "the trainer")
    record = started[0].record()
    assert record.name == "bard 2"
    assert (record.model, record.training) == (model, training)


async def test_a_form_for_a_new_model_has_nothing_left_of_a_duplicate(home: Path, started: list[ModelFolder]) -> None:
    corpus = add_corpus(home)
    add_corpus(home, "brook")  # which is the one that the form begins with
    model = ModelConfig(unit="word", cell="gru", hidden=48, embedding=24, tied=False)
    training = TrainingConfig(minutes=7, batch=5, ema=0.9, sample_prompt="Once")
    ModelLibrary(home).create("bard", model=model, training=training, corpus=CorpusReference.of(corpus))
    async with running((80, 24), "train") as driver:
        form = driver.app.screen.query_one(RunForm)
        await driver.until(lambda: form.corpus is not None, "a text")
        untouched = dict(form.query_one(AdvancedSettings).typed)
        await shown(driver, "bard")
        await driver.press("d")
        await driver.until(lambda: form.outcome.plan and form.outcome.plan.model.hidden == 48, "the copy")
        await driver.pilot.pause(0.1)
        assert form.model_name == "bard 2"
        await driver.press("f5")
        await driver.until(lambda: driver.app.screen.query("#run-tabs") and form.model_name != "bard 2", "the run")
        await driver.press("n")
        await driver.until(lambda: form.outcome.plan and form.outcome.plan.model.hidden != 48, "a plan of its own")
        assert form.query_one(AdvancedSettings).typed == untouched
        assert form.model_name == "river"
        assert [form.query_one(f"#form-{dial}", Dial).value for dial in ("unit", "time")] == ["char", "5"]


async def test_the_palette_derives_all_settings_again(home: Path, started: list[ModelFolder]) -> None:
    add_corpus(home)
    async with running((80, 24), "train") as driver:
        form = driver.app.screen.query_one(RunForm)
        await driver.until(lambda: form.outcome.plan, "a plan")
        derived = form.outcome.plan
        await form.query_one(AdvancedSettings).fill_in({"hidden": "48", "cell": "lstm-peephole", "residual": "yes"})
        await driver.until(lambda: form.outcome.plan and form.outcome.plan.model.hidden == 48)
        await driver.app.screen.run_action("derive")
        await driver.until(lambda: form.outcome.plan == derived, "the plan of before")


async def test_two_runs_are_compared(run: RecordedRun, home: Path) -> None:
    RecordedRun(home, "poet", minutes=9).status("stopped")
    async with running((80, 24), "train") as driver:
        await driver.shows("● training")
        await driver.press("b")
        await driver.until(lambda: isinstance(driver.app.screen, PickRun))
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, CompareScreen))
        await driver.shows("━━ bard, training ━━ validation")
        await driver.shows("Minutes 5 9")
        await driver.shows("Best at step 400 –")
        await driver.shows(" so far –")
        await driver.shows("the same in both")


async def test_a_run_is_renamed_and_stays_on_the_screen(run: RecordedRun) -> None:
    run.status("stopped")
    async with running((80, 24), "train") as driver:
        await shown(driver, "bard")
        await driver.press("m")
        await answer(driver, "Old Bard")
        await driver.says("It is called Old Bard now.")
        await driver.shows("Old Bard stopped")
    assert ModelLibrary().get("old-bard").record().name == "Old Bard"


async def test_a_note_that_found_no_room_is_there_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: ModelFolder, text: str) -> None:
        raise InputError("notes.txt can't be written (No space left on device).")

    run = RecordedRun.after(100, home, "Bard")
    async with running((80, 24), "train") as driver:
        await driver.shows("● training")
        await driver.press("j")
        await answer(driver, "The one with the good verbs.")
        await driver.says("Noted.")
        with monkeypatch.context() as patch:
            patch.setattr(ModelFolder, "write_notes", full)
            await driver.press("j")
            await answer(driver, "Another one.")
            await driver.says("No space left on device). j has what you typed.")
        for key in ("escape", "enter"):  # whoever looks and leaves loses nothing
            await driver.press("j")
            await driver.until(lambda: isinstance(driver.app.screen, LineDialog))
            assert driver.app.screen.query_one(Input).value == "Another one."
            await driver.press(key)
        await driver.says("Noted.")
    assert run.folder.notes() == "Another one.\n"


async def test_a_note_is_kept_and_asked_for_by_the_name_of_the_model(home: Path) -> None:
    run = RecordedRun(home, "Old Bard")
    run.status("training")
    async with running((80, 24), "train") as driver:
        await driver.shows("● training")
        await driver.press("j")
        await driver.shows("What is worth noting about Old Bard?")
        await answer(driver, "The one with the good verbs.")
        await driver.says("Noted.")
    assert run.folder.notes() == "The one with the good verbs.\n"


async def test_a_deleted_run_comes_back_with_undo(home: Path) -> None:
    run = RecordedRun(home, "Old Bard")
    run.status("stopped")
    async with running((80, 24), "train") as driver:
        await shown(driver, "old-bard")
        await driver.press("delete")
        await driver.says("Old Bard is in the trash")
        assert not run.folder.path.exists()
        await driver.press("u")
        await driver.says("Old Bard is back.")
    assert run.folder.record().name == "Old Bard"


async def test_a_run_that_another_program_removes_leaves_the_form(home: Path) -> None:
    run = RecordedRun.after(100, home, "Old Bard", state="stopped")
    async with running((80, 24), "train") as driver:
        await shown(driver, "old-bard")
        await driver.shows("Old Bard stopped")
        ModelLibrary().remove(run.folder)
        await driver.says("is no longer here.")
        assert not driver.app.screen.query_one(RunForm).disabled and driver.app.screen.query_one(RunForm).display
        assert "Old Bard stopped" not in driver.shown()


async def test_a_run_without_weights_is_not_opened_in_write(home: Path) -> None:
    RecordedRun(home, "Old Bard").status("stopped")
    async with running((80, 24), "train") as driver:
        await shown(driver, "old-bard")
        await driver.press("w")
        await driver.says("Old Bard has no weights yet: they come with the first evaluation.")
        assert driver.app.current_mode == "train"


async def test_while_the_list_of_runs_is_open_nothing_is_deleted(home: Path) -> None:
    run = RecordedRun(home)
    run.status("stopped")
    async with running((80, 24), "train") as driver:
        await shown(driver, "bard")
        await driver.press("o", "down", "delete")
        await driver.pilot.pause(0.1)
        await driver.press("escape")
        assert run.folder.path.exists()
        await driver.press("delete")
        await driver.says("bard is in the trash")


async def test_what_was_asked_for_is_said_of_the_model_by_its_name(home: Path) -> None:
    RecordedRun(home, "Old Bard").status("training")
    async with running((80, 24), "train") as driver:
        await driver.shows("● training")
        await driver.press("p")
        await driver.says("Old Bard pauses after this step.")


async def test_an_undo_that_fails_can_be_tried_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    RecordedRun(home, "Old Bard").status("stopped")
    restore = ModelLibrary.restore

    def once(self: ModelLibrary, trashed: Path) -> ModelFolder:
        monkeypatch.setattr(ModelLibrary, "restore", restore)
        raise InputError("No space is left on the disk.")

    monkeypatch.setattr(ModelLibrary, "restore", once)
    async with running((80, 24), "train") as driver:
        await shown(driver, "old-bard")
        await driver.press("delete")
        await driver.says("Old Bard is in the trash")
        await driver.press("u")
        await driver.says("No space is left on the disk.")
        await driver.press("u")
        await driver.says("Old Bard is back.")


async def test_what_was_just_done_does_not_hide_why_the_next_run_failed(home: Path) -> None:
    RecordedRun(home, "poet").status("stopped")
    RecordedRun(home, "bard").status("failed", error="The loss is not finite.")
    async with running((80, 24), "train") as driver:
        await driver.shows("● failed")
        await shown(driver, "poet")
        await driver.press("delete")
        await driver.says("poet is in the trash")
        await shown(driver, "bard")
        await driver.says("The loss is not finite.")


async def test_a_run_that_trains_can_not_be_deleted_or_renamed(run: RecordedRun) -> None:
    async with running((80, 24), "train") as driver:
        await driver.shows("● training")
        for action in ("delete", "rename"):
            assert driver.app.screen.check_action(action, ()) is False


async def test_the_form_can_queue_a_run_and_a_key_takes_it_out_again(
    home: Path, started: list[ModelFolder], runners: list[str]
) -> None:
    add_corpus(home)
    async with running((80, 24), "train") as driver:
        form = driver.app.screen.query_one(RunForm)
        await driver.until(lambda: form.corpus is not None and form.model_name, "a text")
        await driver.press("f6")
        await driver.shows("● queued")
        await driver.says("waits in the queue")
        assert "actions" in runners
        await driver.press("q")
        await driver.shows("● prepared")
    assert started == []


async def test_the_app_brings_back_a_queue_whose_runner_was_killed(
    home: Path, runners: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.app.PantoumApp.LOOK", 0.1)
    RecordedRun(home).status("queued")
    async with running((80, 24)) as driver:
        await driver.until(lambda: "monitor" in runners, "a runner")


async def test_a_run_outside_of_the_library_is_watched_alone(home: Path, tmp_path: Path) -> None:
    guest = RecordedRun.after(300, tmp_path / "cluster", "far")
    RecordedRun(home, "near").status("training")
    app = PantoumApp(watch=guest.folder)
    async with app.run_test(size=(80, 24)) as pilot:
        driver = Driver(app, pilot)
        await driver.shows("step 300")
        assert app.current_mode == "train"
        guest.train(100)
        await driver.shows("step 400")
        await driver.press("p")
        await driver.says("far pauses")
    assert '"pause"' in guest.requests()[-1]


async def test_a_run_outside_of_the_library_has_no_key_that_would_meet_another_model(
    home: Path, tmp_path: Path
) -> None:
    guest = RecordedRun.after(300, tmp_path / "cluster", "far", state="stopped")
    ours = RecordedRun.after(100, home, "far", state="stopped")
    app = PantoumApp(watch=guest.folder)
    async with app.run_test(size=(160, 45)) as pilot:
        driver = Driver(app, pilot)
        await driver.says("far is stopped; what it has learned is kept. r resumes it.")
        await driver.press("q", "delete", "m", "w")
        await pilot.pause(0.2)
        assert app.current_mode == "train" and len(app.screen_stack) == 1
        assert "Write with it" not in driver.shown() and "d Duplicate" in driver.shown()
        await driver.press("j")
        await driver.shows("What is worth noting about far?")
        await answer(driver, "Theirs.")
        await driver.says("Noted. It lies in notes.txt beside the run.")
        guest.finish()
        await driver.says("far has finished.")
        assert "Press w" not in driver.message
    assert guest.folder.status().state == "finished" and guest.folder.path.exists()
    assert ours.folder.status().state == "stopped"


async def test_a_run_that_needs_more_memory_than_there_is_is_refused_in_words_and_can_be_queued(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.queueing.subprocess.Popen", lambda *_, **__: pytest.fail("nothing may be started"))
    monkeypatch.setattr("tui.training.actions.ensure_runner", lambda: False)
    monkeypatch.setattr("tui.screens.train.free_bytes", lambda: 100 << 20)
    monkeypatch.setattr("tui.screens.train.may_have_gpu", lambda: False)
    add_corpus(home)
    async with running((160, 45), "train") as driver:
        await driver.shows("parameters, some")
        await driver.shows("it can't be started")
        await driver.press("f5")
        await driver.says("of memory, and 105 MB are free: it can't be started now.")
        await driver.press("f6")
        await driver.shows("queued")


async def test_a_run_that_needed_more_memory_can_be_started_once_there_is_enough(
    home: Path, started: list[ModelFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    free = [100 << 20]
    monkeypatch.setattr("tui.screens.train.free_bytes", lambda: free[0])
    monkeypatch.setattr("tui.screens.train.may_have_gpu", lambda: False)
    monkeypatch.setattr(TrainScreen, "LIST", 0.1)
    add_corpus(home)
    async with running((160, 45), "train") as driver:
        await driver.shows("it can't be started")
        free[0] = 8 << 30
        await driver.until(lambda: "it can't be started" not in driver.shown(), "no warning")
        await driver.press("f5")
        await driver.until(lambda: started, "the trainer")


async def test_a_queue_that_can_not_run_leaves_no_model(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise InputError("The queue's runner can't be started (out of memory).")

    monkeypatch.setattr("tui.training.actions.ensure_runner", refuse)
    add_corpus(home)
    async with running((80, 24), "train") as driver:
        form = driver.app.screen.query_one(RunForm)
        await driver.until(lambda: form.corpus is not None and form.model_name, "a text")
        await driver.press("f6")
        await driver.says("The queue's runner can't be started")
    assert ModelLibrary().list() == []


async def test_a_disk_too_small_for_a_run_is_warned_of(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.training.actions.free_disk", lambda: 1 << 20)
    add_corpus(home)
    async with running((160, 45), "train") as driver:
        await driver.shows("of disk, and")


async def test_a_budget_too_short_for_one_reading_is_warned_of(home: Path) -> None:
    corpus = add_corpus(home)
    large = msgspec.structs.replace(corpus.record, characters=500_000_000)
    (home_folder() / "corpora" / corpus.slug / "corpus.json").write_bytes(msgspec.json.encode(large))
    async with running((160, 45), "train") as driver:
        await driver.shows("too short to read the whole text once")


async def test_what_is_said_of_a_run_has_the_keys_of_keys_toml(home: Path) -> None:
    (home / "keys.toml").write_text(
        '[keys]\n"train.resume" = "z"\n"train.write" = "f20"\n"train.undo" = "Z"\n"train.start" = "f9"\n'
    )
    run = RecordedRun(home, "bard")
    run.train(100)
    run.status("failed", error="The loss is not finite.")
    async with running((80, 24), "train") as driver:
        await driver.says("The loss is not finite. Press z to resume from its last checkpoint.")
        run.status("stopped")
        await driver.says("z resumes it, F20 writes with it.")
        run.finish()
        await driver.says("bard has finished. Press F20 to write with it.")
        await driver.press("delete")
        await driver.says("bard is in the trash. Press Z to bring it back.")
        await driver.press("f1")
        await driver.shows("F9 starts it")
        await driver.press("f1", "Z")
        await driver.says("bard is back.")


async def test_two_runs_are_compared_with_the_keys_of_keys_toml(run: RecordedRun, home: Path) -> None:
    (home / "keys.toml").write_text('[keys]\n"compare.close" = "f20"\n')
    RecordedRun(home, "poet", minutes=9).status("stopped")
    async with running((80, 24), "train") as driver:
        await driver.shows("● training")
        await driver.press("b")
        await driver.until(lambda: isinstance(driver.app.screen, PickRun))
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, CompareScreen))
        await driver.shows("F20 closes")
        await driver.press("f1")
        await driver.shows("Changes what the x axis counts.")
        await driver.press("f1", "f20")
        await driver.until(lambda: isinstance(driver.app.screen, TrainScreen), "the run")
