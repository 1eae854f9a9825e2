"""Builds the wheel, installs it into a throw-away environment, and uses it from an empty folder.

An editable install hides what a wheel forgets: data files, the license, a module that only exists in the checkout.
The dependencies are borrowed from the running environment by a path file, so nothing is downloaded.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SMOKE = """
import pathlib, sys
import llmsynth
from llmsynth import TableSynthesizer, datasets
from llmsynth.recipes import load_recipe, recipe_names
home = pathlib.Path(llmsynth.__file__).parent
assert home.is_relative_to(sys.prefix), f"imported from {home}"
assert (home / "py.typed").is_file()
assert recipe_names() == sys.argv[1:], recipe_names()
for name in recipe_names():
    load_recipe(name)
rows = TableSynthesizer(model="compact", max_epochs=1).fit(datasets.load_ehr(40)).sample(5)
assert rows.shape == (5, 8)
"""


def main() -> None:
    recipes = sorted(path.stem for path in (ROOT / "training").glob("*.yaml"))
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        wheel = build(work)
        check_contents(wheel, recipes)
        python = throw_away_environment(work / "env", wheel)
        (work / "empty").mkdir()
        run([str(python), "-W", "ignore", "-c", SMOKE, *recipes], cwd=work / "empty")
        for arguments in (["--help"], ["--version"], ["model", "list"], ["gate", "--explain"]):
            run([str(python.with_name("llmsynth")), *arguments], cwd=work / "empty")
        print(f"{wheel.name}: {wheel.stat().st_size / 1024:.0f} KiB, installs and works from an empty folder")


def build(work: Path) -> Path:
    """Return the wheel, built in a folder of its own."""
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    run([sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", str(work), str(ROOT)], cwd=work)
    (wheel,) = work.glob("*.whl")
    return wheel


def check_contents(wheel: Path, recipes: list[str]) -> None:
    """Stop if the wheel lacks a data file or carries what is not the package's."""
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {f"llmsynth/_training/{recipe}.yaml" for recipe in recipes} | {"llmsynth/py.typed"}
    wanted |= {
        str(path.relative_to(ROOT).as_posix())
        for path in (ROOT / "llmsynth").rglob("*")
        if path.suffix in (".css", ".jinja", ".toml")
    }
    missing = wanted - names
    foreign = {name for name in names if not name.startswith("llmsynth")}
    licensed = any(name.endswith("licenses/LICENSE") for name in names)
    if missing or foreign or not licensed:
        raise SystemExit(f"wheel: missing {sorted(missing)}, foreign {sorted(foreign)}, license {licensed}")


def throw_away_environment(folder: Path, wheel: Path) -> Path:
    """Return the Python of a new environment with the wheel and, by path, the dependencies of this one."""
    venv.create(folder, with_pip=False)
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / ("python.exe" if os.name == "nt" else "python")
    query = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(run([str(python), "-c", query], cwd=folder).strip())
    # A path file adds the folder without reading the path files in it, such as the one of the editable install.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    run([*pip, "--force-reinstall", "--ignore-installed", str(wheel)], cwd=folder)
    return python


def run(command: list[str], *, cwd: Path) -> str:
    """Return what the command prints; stop with all of it if it fails."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:4])} ... failed:\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main()
