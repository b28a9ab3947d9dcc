"""The form for a new run, driven by keys, with a trainer that only notes that it was started."""

import itertools
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Any

import msgspec
import pytest
from rich.cells import cell_len
from textual.widgets import Collapsible, Input, Static

from corpora.errors import InputError
from corpora.home import slugify
from engine.folder import ModelFolder, ModelLibrary
from engine.presets import plan
from engine.settings import UNITS
from engine.speed import Speed
from tests.tui.driving import SIZES, Driver, add_corpus, running
from tests.tui.recorded import RecordedRun
from tui.training.budget_table import budget_table
from tui.training.catalogue import SETTINGS
from tui.training.form import Choices, done_at, work_out
from tui.widgets.dial import Dial
from tui.widgets.run_form import RunForm
from tui.widgets.setting_row import SettingRow


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[ModelFolder]:
    """The folders for which a trainer was started."""
    folders: list[ModelFolder] = []
    monkeypatch.setattr("engine.launch.start_trainer", folders.append)
    return folders


async def ready(driver: Driver) -> RunForm:
    """Waits until the form has a text to train on."""
    form = driver.app.screen.query_one(RunForm)
    await driver.until(lambda: form.corpus is not None and form.model_name, "a text in the form")
    return form


async def open_advanced(driver: Driver) -> None:
    driver.app.screen.query_one("#form-advanced", Collapsible).collapsed = False
    await driver.until(lambda: driver.app.screen.query("#form-precision"), "the settings")
    await driver.pilot.pause()


def problem_beneath(form: RunForm, field: str) -> str:
    return next(row.problem for row in form.query(SettingRow) if row.setting.name == field)


@pytest.mark.parametrize("size", SIZES)
async def test_start_makes_a_folder_with_the_chosen_settings(
    home: Path, started: list[ModelFolder], size: tuple[int, int]
) -> None:
    corpus = add_corpus(home)
    async with running(size, "train") as driver:
        await ready(driver)
        await driver.enter("#form-name", "night voice")
        driver.app.screen.query_one("#form-unit").focus()
        await driver.press("right")
        driver.app.screen.query_one("#form-time").focus()
        await driver.press("home", "right")
        await open_advanced(driver)
        await driver.enter("#form-hidden", "48")
        await driver.enter("#form-dropout", "0.25")
        await driver.enter("#form-batch", "4")
        await driver.enter("#form-seed", "7")
        await driver.press("f5")
        await driver.until(lambda: started, "the trainer")
    record = ModelLibrary(home).get("night voice").record()
    assert [folder.slug for folder in started] == ["night-voice"]
    assert record.corpus.sha256 == corpus.record.sha256
    assert (record.model.unit, record.model.hidden, record.model.dropout) == ("word", 48, 0.25)
    assert (record.training.minutes, record.training.batch, record.training.seed) == (2, 4, 7)


async def test_after_the_start_the_run_is_shown(home: Path, started: list[ModelFolder]) -> None:
    add_corpus(home)
    async with running((80, 24), "train") as driver:
        await ready(driver)
        await driver.press("f5")
        await driver.until(lambda: driver.app.screen.query("RunPane"), "the run")
        await driver.shows("river prepared")


async def test_a_long_name_gets_a_number_that_can_be_seen(home: Path, started: list[ModelFolder]) -> None:
    name = "The Project Gutenberg eBook of Alice's Adventures in Wonderland by Lewis Carroll"
    add_corpus(home, name)
    RecordedRun(home, name).status("stopped")
    async with running((80, 24), "train") as driver:
        form = await ready(driver)
        await driver.until(lambda: form.model_name.endswith(" 2"), "a free name")
        assert slugify(form.model_name).endswith("-2")
        await driver.press("f5")
        await driver.until(lambda: started, "the trainer")


async def test_a_start_that_is_asked_for_twice_makes_one_model(
    home: Path, started: list[ModelFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = Event()
    create = ModelLibrary.create

    def slow(library: ModelLibrary, name: str, **settings: Any) -> ModelFolder:
        begun.wait(10)
        return create(library, name, **settings)

    monkeypatch.setattr(ModelLibrary, "create", slow)
    add_corpus(home)
    async with running((80, 24), "train") as driver:
        await ready(driver)
        await driver.press("f5", "f5")
        begun.set()
        await driver.until(lambda: driver.app.screen.query("RunPane"), "the run")
        await driver.pilot.pause(0.2)
    assert [folder.slug for folder in started] == ["river"]
    assert len(ModelLibrary(home).list()) == 1


async def test_a_run_that_may_end_early_is_done_at_the_latest_at_its_time(home: Path) -> None:
    add_corpus(home)
    async with running((80, 24), "train") as driver:
        await ready(driver)
        await open_advanced(driver)
        for patience, latest in (("5", True), ("0", False)):
            await driver.enter("#form-patience", patience)
            assert driver.text_of("#form-time-hint").endswith("at the latest") == latest


async def test_steps_replace_the_minutes(home: Path, started: list[ModelFolder]) -> None:
    add_corpus(home)
    async with running((80, 24), "train") as driver:
        await ready(driver)
        await open_advanced(driver)
        await driver.enter("#form-steps", "1,200")
        await driver.press("f5")
        await driver.until(lambda: started, "the trainer")
    training = started[0].record().training
    assert (training.minutes, training.steps) == (None, 1200)


FIELDS: dict[str, tuple[str, object]] = {  # what is typed or dialled, and what model.json then has
    "cell": ("lstm-peephole", "lstm-peephole"),
    "peephole": ("full", "full"),
    "layers": ("2", 2),
    "hidden": ("24", 24),
    "embedding": ("12", 12),
    "bidirectional": ("yes", True),
    "residual": ("yes", True),
    "layer_norm": ("yes", True),
    "tied": ("no", False),
    "softmax": ("adaptive", "adaptive"),
    "vocabulary_cap": ("2,000", 2000),
    "dropout": ("0.15", 0.15),
    "input_dropout": ("0.25", 0.25),
    "layer_dropout": ("0", 0.0),
    "output_dropout": ("0.35", 0.35),
    "embedding_dropout": ("0.05", 0.05),
    "weight_dropout": ("0.5", 0.5),
    "weight_decay": ("0.01", 0.01),
    "activation_regularisation": ("2", 2.0),
    "temporal_regularisation": ("1", 1.0),
    "steps": ("1,200", 1200),
    "batch": ("32", 32),
    "length": ("17", 17),
    "accumulate": ("32", 32),
    "learning_rate": ("2e-3", 0.002),
    "schedule": ("one-cycle", "one-cycle"),
    "warmup": ("0.1", 0.1),
    "final_learning_rate": ("0.05", 0.05),
    "horizon": ("0.5", 0.5),
    "beta1": ("0.8", 0.8),
    "beta2": ("0.95", 0.95),
    "clip": ("0.25", 0.25),
    "clip_by": ("value", "value"),
    "restart": ("0", 0.0),
    "ema": ("0.99", 0.99),
    "patience": ("5", 5),
    "validation": ("0.2", 0.2),
    "sample_prompt": ("Once upon ", "Once upon "),
    "sample_length": ("80", 80),
    "seed": ("9", 9),
    "device": ("cpu", "cpu"),
    "precision": ("bf16", "bf16"),
}


async def test_every_field_under_advanced_reaches_the_model_folder(home: Path, started: list[ModelFolder]) -> None:
    add_corpus(home)
    async with running((160, 45), "train") as driver:
        form = await ready(driver)
        await open_advanced(driver)
        for name, (typed, _) in FIELDS.items():
            field = form.query_one(f"#form-{name}")
            assert isinstance(field, Input | Dial)
            field.value = typed
        await driver.press("f5")
        await driver.until(lambda: started, "the trainer")
    record = started[0].record()
    kept = {**msgspec.structs.asdict(record.model), **msgspec.structs.asdict(record.training)}
    assert {name: kept[name] for name in FIELDS} == {name: value for name, (_, value) in FIELDS.items()}
    assert {*FIELDS, "identity"} == {*SETTINGS} == {*kept} - {"unit", "minutes", "vocabulary"}


def test_what_the_presets_decide_is_offered_as_derived() -> None:
    decided = set()
    for unit, characters, minutes in itertools.product(UNITS, (20_000, 1_000_000, 100_000_000), (1.0, 480.0)):
        planned = plan(characters=characters, unit=unit, minutes=minutes)
        for name, setting in SETTINGS.items():
            if getattr(planned.model if setting.of_model else planned.training, name) != setting.default:
                decided.add(name)
    assert decided <= {name for name, setting in SETTINGS.items() if setting.derived}


def test_identity_is_set_on_the_form() -> None:
    outcome = work_out(500_000, Choices(typed={"cell": "rnn-relu", "identity": "yes"}))
    assert outcome.plan and outcome.plan.model.identity


@pytest.mark.parametrize("size", SIZES)
async def test_the_help_of_every_field_has_room_beside_it(home: Path, size: tuple[int, int]) -> None:
    async with running(size, "train") as driver:
        await open_advanced(driver)
        rows = list(driver.app.screen.query(SettingRow))
        await driver.until(lambda: all(row.size.width for row in rows), "the form laid out")
        assert [row.help for row in rows if row.help_column + cell_len(row.help) > row.size.width] == []
        await driver.shows(rows[1].help)


@pytest.mark.parametrize("size", SIZES)
async def test_the_plan_says_why_and_follows_the_dial(home: Path, size: tuple[int, int]) -> None:
    add_corpus(home)
    async with running(size, "train") as driver:
        form = await ready(driver)
        assert form.outcome.plan and form.outcome.plan.reasons
        await driver.shows(form.outcome.plan.reasons[0][:40])
        before = form.outcome.plan.training
        driver.app.screen.query_one("#form-time").focus()
        await driver.press("end")
        await driver.until(lambda: form.outcome.plan and form.outcome.plan.training != before)
        assert form.outcome.plan.training.minutes == 480


async def test_a_wide_terminal_shows_what_each_time_would_train(home: Path) -> None:
    add_corpus(home)
    async with running((150, 45), "train") as driver:
        form = await ready(driver)
        guide = form.query_one("#guide-times", Static)
        assert all(said in str(guide.content) for said in ("1 min", "overnight", "▸ 5 min"))
        lines = str(guide.content).splitlines()
        assert guide.size.height == len(lines) and guide.size.width >= max(map(len, lines)), "no line is cut or broken"
        form.query_one("#form-time", Dial).value = "20"
        await driver.until(lambda: "▸ 20 min" in str(guide.content), "the mark at the time that is chosen")
        await open_advanced(driver)
        await driver.enter("#form-layers", "99")
        await driver.until(lambda: "need another value" in str(guide.content), "why there is no table")


async def test_a_small_terminal_leaves_that_out(home: Path) -> None:
    add_corpus(home)
    async with running((80, 24), "train") as driver:
        form = await ready(driver)
        assert not form.query_one("#form-guide").display


def test_a_budget_table_has_a_time_that_is_not_on_the_dial() -> None:
    table = budget_table(300_000, Choices(minutes=7), Speed(1e9), datetime(2026, 1, 1, 12, 0))
    assert [each.minutes for each in table] == [1, 2, 5, 7, 10, 20, 45, 120, 480]
    assert table[3].cells[0] == "7 min"
    assert table[3].cells[-1] == "12:07"


def test_a_run_of_so_many_steps_has_no_table_of_times() -> None:
    assert budget_table(300_000, Choices(typed={"steps": "100"}), Speed(1e9), datetime(2026, 1, 1)) == []


async def test_derived_values_stand_in_the_empty_fields(home: Path) -> None:
    add_corpus(home)
    async with running((80, 24), "train") as driver:
        form = await ready(driver)
        await open_advanced(driver)
        assert form.outcome.plan
        assert form.query_one("#form-hidden", Input).placeholder == str(form.outcome.plan.model.hidden)
        assert form.query_one("#form-batch", Input).placeholder == str(form.outcome.plan.training.batch)
        form.query_one("#form-dropout", Input).value = "0.3"
        dropouts = [form.query_one(f"#form-{place}_dropout", Input) for place in ("input", "layer", "output")]
        await driver.until(lambda: [field.placeholder for field in dropouts] == ["0.3"] * 3, "the places' dropout")


async def test_settings_that_are_opened_come_into_view_and_stay_where_they_are(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.screens.machine_speed.known_speed", lambda device: Speed(1e11))
    add_corpus(home)
    async with running((80, 24), "train") as driver:
        form = await ready(driver)
        advanced = form.query_one("#form-advanced")

        def at_the_top() -> bool:
            return advanced.region.y == form.region.y

        form.query_one("CollapsibleTitle").focus()
        await driver.press("enter")
        await driver.shows("recurrent layers, one on the other")
        await driver.until(at_the_top, "the settings at the top")
        above = advanced.virtual_region.y
        form.say_measuring()
        await driver.until(lambda: advanced.virtual_region.y == above + 1 and at_the_top(), "a line more above")
        form.set_speed("cpu", None)
        await driver.until(lambda: advanced.virtual_region.y == above and at_the_top(), "a line less above")


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("layers", "three", "Layers must be a whole number; 'three' is not."),
        ("layers", "99", "Layers is 99; it must be between 1 and 16."),
        ("dropout", "1.5", "Dropout is 1.5; it must be at least 0 and below 1."),
        ("dropout", "nan", "Dropout is nan; it must be at least 0 and below 1."),
        ("learning_rate", "0", "Learning rate is 0; it must be above 0."),
        ("layers", "1,5", "Layers must be a whole number; '1,5' is not."),
        ("clip", "1.000,5", "Clip must be a number such as 0.5; '1.000,5' is not."),
        ("steps", "-1", "Steps is -1; it must be between 1 and 1,000,000,000."),
    ],
)
async def test_a_bad_value_is_refused_beside_its_field(
    home: Path, started: list[ModelFolder], field: str, value: str, problem: str
) -> None:
    add_corpus(home)
    async with running((80, 24), "train") as driver:
        form = await ready(driver)
        await open_advanced(driver)
        await driver.enter(f"#form-{field}", value)
        await driver.until(lambda: problem_beneath(form, field) == problem, "the problem")
        await driver.shows(problem[-20:])
        await driver.press("f5")
        await driver.says(problem)
    assert started == []


async def test_start_opens_advanced_on_the_field_that_is_wrong(home: Path, started: list[ModelFolder]) -> None:
    add_corpus(home)
    async with running((80, 24), "train") as driver:
        form = await ready(driver)
        await open_advanced(driver)
        form.query_one("#form-clip", Input).value = "much"
        form.query_one("#form-advanced", Collapsible).collapsed = True
        await driver.pilot.pause()
        await driver.press("f5")
        await driver.until(lambda: driver.app.focused is form.query_one("#form-clip"))
        assert not form.query_one("#form-advanced", Collapsible).collapsed


@pytest.mark.parametrize(
    ("name", "problem"),
    [("bard", "There is already a model named bard."), ("…", "A name needs at least one letter or digit.")],
)
async def test_a_name_that_cannot_be_used_is_refused(
    home: Path, started: list[ModelFolder], name: str, problem: str
) -> None:
    add_corpus(home)
    RecordedRun(home, "bard").status("stopped")
    async with running((80, 24), "train") as driver:
        await ready(driver)
        await driver.enter("#form-name", name)
        await driver.shows(problem)
        await driver.press("f5")
        await driver.says(problem)
    assert started == []


async def test_the_name_that_is_filled_in_is_free(home: Path) -> None:
    add_corpus(home, "river")
    RecordedRun(home, "river").status("stopped")
    async with running((80, 24), "train") as driver:
        form = await ready(driver)
        await driver.until(lambda: form.model_name == "river 2")


async def test_without_a_text_start_says_where_to_get_one(home: Path, started: list[ModelFolder]) -> None:
    async with running((80, 24), "train") as driver:
        await driver.shows("Add a text in the Library")
        await driver.press("f5")
        await driver.says("Choose a text to train on.")
    assert started == []


async def test_a_trainer_that_cannot_start_leaves_no_model(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(folder: ModelFolder) -> None:
        raise InputError("The trainer can't be started (out of memory).")

    monkeypatch.setattr("engine.launch.start_trainer", refuse)
    add_corpus(home)
    async with running((80, 24), "train") as driver:
        await ready(driver)
        await driver.press("f5")
        await driver.says("The trainer can't be started")
    assert ModelLibrary(home).list() == []


async def test_the_dial_turns_with_a_click(home: Path) -> None:
    add_corpus(home)
    async with running((80, 24), "train") as driver:
        await ready(driver)
        await driver.pilot.click("#form-unit", offset=(8, 0))
        await driver.until(lambda: driver.app.screen.query_one("#form-unit", Dial).value == "word")


@pytest.mark.parametrize(
    ("typed", "problems"),
    [
        ({"batch": "8", "accumulate": "9"}, {"accumulate": "Accumulate is 9; it must be between 1 and 8."}),
        ({"batch": "64", "accumulate": "32"}, {}),
        ({"activation_regularisation": "100"}, {"activation_regularisation": "AR is 100; it must be at least 0 and"}),
        ({"ema": "1", "validation": "x"}, {"ema": "EMA is 1; it must", "validation": "Validation must be a number"}),
        ({"cell": "gru", "identity": "yes"}, {"": "Only rnn-relu can begin with the identity."}),
        ({"softmax": "adaptive", "tied": "yes"}, {"": "An adaptive softmax has tables of its own"}),
    ],
)
def test_problems_stand_where_they_belong(typed: dict[str, str], problems: dict[str, str]) -> None:
    outcome = work_out(500_000, Choices(typed=typed))
    assert {name: said.startswith(problems.get(name, "?")) for name, said in outcome.problems.items()} == dict.fromkeys(
        problems, True
    )
    assert (outcome.plan is None) == bool(problems)


def test_what_is_given_replaces_what_is_derived_and_nothing_else() -> None:
    derived = work_out(500_000, Choices()).plan
    given = work_out(500_000, Choices(typed={"embedding": "24", "length": "12"})).plan
    assert derived and given
    assert (given.model.embedding, given.training.length) == (24, 12)
    assert given.model.hidden == derived.model.hidden
    assert given.training.batch == derived.training.batch


@pytest.mark.parametrize("text", ["", " ", "\t"])
def test_an_empty_field_is_derived(text: str) -> None:
    typed = dict.fromkeys(SETTINGS, text)
    assert work_out(500_000, Choices(typed=typed)) == work_out(500_000, Choices())


@pytest.mark.parametrize(("minutes", "said"), [(20, "done at about 22:20"), (480, "done at about 06:00 tomorrow")])
def test_the_end_of_a_run_is_told_ahead(minutes: float, said: str) -> None:
    now = datetime(2024, 5, 1, 22, 0)
    assert done_at(minutes, now) == said
    assert done_at(minutes, now, latest=True) == f"{said} at the latest"
