"""The wheel: what is in it, and that it works where nothing of the source tree is near."""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from corpora.version import __version__

ROOT = Path(__file__).parents[1]
PACKAGES = ("corpora", "engine", "tui")


def run(*command: str | Path, cwd: Path, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if home is not None:
        environment["PANTOUM_HOME"] = str(home)
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that no build folder is left in the tree."""
    source = tmp_path_factory.mktemp("source")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, source / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    target = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    built = run(*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", target, source, cwd=target)
    assert built.returncode == 0, built.stderr
    (path,) = target.glob("*.whl")
    return path


def test_the_wheel_holds_every_file_of_the_three_floors_and_no_tests(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    kept = {".py", ".tcss", ".js", ".css", ".typed"}
    expected = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.suffix in kept or path.name == "py.typed"
    }
    assert names == expected
    assert any(name.startswith("tui/") and name.endswith(".tcss") for name in names)


def test_the_wheel_is_named_after_the_one_version(wheel: Path) -> None:
    assert wheel.name == f"pantoum-{__version__}-py3-none-any.whl"


def test_the_installed_wheel_works_away_from_the_source(wheel: Path, tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    assert run(sys.executable, "-m", "venv", "--without-pip", venv, cwd=tmp_path).returncode == 0
    python = venv / "bin" / "python"
    installed = run(
        sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python,
        "install", "--no-deps", "--no-index", wheel, cwd=tmp_path,
    )  # fmt: skip
    assert installed.returncode == 0, installed.stderr
    packages = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=tmp_path).stdout.strip()
    # What Pantoum needs is borrowed from this environment, but not Pantoum itself: a .pth adds no other .pth.
    (Path(packages) / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")

    where = run(python, "-P", "-c", "import tui; print(tui.__file__)", cwd=tmp_path).stdout
    assert where.startswith(str(venv))
    pantoum = venv / "bin" / "pantoum"
    assert run(pantoum, "--version", cwd=tmp_path).stdout == f"pantoum {__version__}\n"
    listed = run(pantoum, "corpus", "list", "--json", cwd=tmp_path, home=tmp_path / "home")
    assert (listed.returncode, listed.stdout) == (0, "[]\n"), listed.stderr
    opened = run(python, "-P", "-c", "from tui.app import PantoumApp; PantoumApp()", cwd=tmp_path)
    assert opened.returncode == 0, opened.stderr
