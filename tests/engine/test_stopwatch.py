"""The time that a run has trained for."""

from types import SimpleNamespace

import pytest

from engine.stopwatch import Stopwatch


def test_it_stands_still_while_it_is_held_however_often_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0

    def pass_time(seconds: float) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr("engine.stopwatch.time", SimpleNamespace(monotonic=lambda: now))
    watch = Stopwatch(5.0)
    pass_time(10.0)
    assert watch.elapsed == 5.0  # it begins held
    watch.go_on_from(watch.elapsed)
    pass_time(2.0)
    with watch.held():
        pass_time(10.0)
        with watch.held():
            pass_time(10.0)
        pass_time(10.0)
        assert watch.elapsed == 7.0
    pass_time(1.0)
    assert watch.elapsed == 8.0
    with pytest.raises(RuntimeError), watch.held():
        raise RuntimeError
    pass_time(1.0)
    assert watch.elapsed == 9.0
    watch.go_on_from(3.0)
    pass_time(1.0)
    assert watch.elapsed == 4.0
