"""What `manage.py check` and `manage.py bench` do: comparisons of the house with itself, and the benchmark suite."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from config.settings import ROOT, get_settings
from config.settings_page import PAGE, settings_page
from storage import db, embedded

# Libraries that the web process must not load: they cost seconds and hundreds of megabytes.
HEAVY = ("torch", "transformers", "onnxruntime", "workers.collect", "workers.analyze", "workers.upkeep")
_LIST_MODULES = "import sys, api.app; print('\\n'.join(sys.modules))"


def problems() -> list[str]:
    """Everything in which the house disagrees with itself, a sentence each."""
    return [*_schema_problems(), *_settings_problems(), *_web_problems()]


def run_benchmarks(only: list[str]) -> list[str]:
    """Run the modules of `bench/` one after another; returns the names of those that failed."""
    found = sorted(path.stem for path in (ROOT / "bench").glob("*.py") if path.stem != "__init__")
    unknown = sorted(set(only) - set(found))
    if unknown:
        raise ValueError(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(found)}.")
    return [name for name in only or found if _run(name) != 0]


def _run(name: str) -> int:
    return subprocess.run([sys.executable, "-m", f"bench.{name}"], cwd=ROOT, check=False).returncode  # noqa: S603


def _schema_problems() -> list[str]:
    """Migrate an empty database of our own, so that the check neither needs nor touches anybody's data."""
    with tempfile.TemporaryDirectory(prefix="outspoken-check-") as folder:
        data_dir = Path(folder) / "var"
        with embedded.running(data_dir, "manage.py check"):
            os.environ["DATABASE_URL"] = embedded.database_url(data_dir)
            get_settings.cache_clear()
            db.migrate()
            found = db.schema_problems()
            db.connect().dispose()
    return found


def _settings_problems() -> list[str]:
    if not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != settings_page():
        return ["docs/settings.md does not say what the settings are: run manage.py settings."]
    return []


def _web_problems() -> list[str]:
    """Import the web application in a fresh process and look at what came along."""
    done = subprocess.run(  # noqa: S603 (an argument list, no shell)
        [sys.executable, "-c", _LIST_MODULES], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        return [f"The web application cannot be imported: {done.stderr.strip().splitlines()[-1]}"]
    loaded = set(done.stdout.split())
    return [f"The web process loads {name}." for name in HEAVY if name in loaded]
