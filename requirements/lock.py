"""Write exact pins of what `*.in` names with all it pulls in, as installed in the running environment.

Usage: `make lock`, after installing newer releases into `.venv`. The files hold names and versions only.
"""

import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

HERE = Path(__file__).resolve().parent
HEAD = "# {name}.in with all it pulls in, exact. `make lock` writes this file.\n"
# What other Python releases need or do without, and this environment cannot tell: package → (version, marker).
ELSEWHERE = {
    "async-timeout": ("5.0.1", 'python_full_version < "3.11.3"'),
    "fasttext-predict": (None, 'python_version < "3.14"'),
    "fasttext-predict-v2": ("1.1.0", 'python_version >= "3.14"'),
}


def main() -> None:
    run = closure(HERE / "run.in")
    dev = closure(HERE / "dev.in")
    write("run", run | {package: version for package, (version, _) in ELSEWHERE.items() if version})
    write("dev", {name: version for name, version in dev.items() if name not in run})


def closure(path: Path) -> dict[str, str]:
    """Names (normalised as PEP 503 says) and versions of the requirements in a file and of theirs."""
    found: dict[str, str] = {}
    waiting = [Requirement(line) for line in _lines(path)]
    done: set[tuple[str, tuple[str, ...]]] = set()
    while waiting:
        requirement = waiting.pop()
        key = (_normal(requirement.name), tuple(sorted(requirement.extras)))
        if key in done:
            continue
        done.add(key)
        try:
            installed = distribution(requirement.name)
        except PackageNotFoundError as missing:
            raise SystemExit(f"{requirement.name} is named but not installed: pip install -r {path.name}") from missing
        found[key[0]] = installed.version.split("+")[0]
        waiting += [needed for needed in map(Requirement, installed.requires or []) if _applies(needed, key[1])]
    return found


def _applies(needed: Requirement, extras: tuple[str, ...]) -> bool:
    return needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras or ("",))


def _lines(path: Path) -> Iterator[str]:
    for line in path.read_text(encoding="utf-8").splitlines():
        if text := line.split("#")[0].strip():
            yield text


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _marker(package: str) -> str:
    return f"; {ELSEWHERE[package][1]}" if package in ELSEWHERE else ""


def write(name: str, pins: dict[str, str]) -> None:
    lines = [f"{package}=={version}{_marker(package)}\n" for package, version in sorted(pins.items())]
    (HERE / f"{name}.txt").write_text(HEAD.format(name=name) + "".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
