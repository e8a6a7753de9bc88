"""The compose file: its shape by a compact schema of the Compose specification, its commands by what exists."""

import importlib
import itertools
import re
from typing import Any

import jsonschema
import pytest
import yaml

from config.settings import ROOT, Settings
from workers.app import QUEUES, modules_of

_TEXTS = {"type": "array", "items": {"type": "string"}, "minItems": 1}
_NAME = "^[a-zA-Z0-9._-]+$"
_SERVICE = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "build": {"type": ["string", "object"]},
        "image": {"type": "string"},
        "command": _TEXTS,
        "restart": {"enum": ["no", "always", "on-failure", "unless-stopped"]},
        "init": {"type": "boolean"},
        "read_only": {"type": "boolean"},
        "tmpfs": _TEXTS,
        "security_opt": _TEXTS,
        "volumes": _TEXTS,
        "ports": {"type": "array", "items": {"type": "string", "pattern": r"^([0-9.]+:)?\d+:\d+$"}},
        "environment": {"type": "object", "additionalProperties": {"type": "string"}},
        "depends_on": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "required": ["condition"],
                "properties": {
                    "condition": {"enum": ["service_started", "service_healthy", "service_completed_successfully"]}
                },
            },
        },
        "healthcheck": {
            "type": "object",
            "additionalProperties": False,
            "required": ["test"],
            "properties": {
                "test": {"type": "array", "prefixItems": [{"enum": ["CMD", "CMD-SHELL"]}], "minItems": 2},
                "interval": {"type": "string", "pattern": r"^\d+(s|m)$"},
                "timeout": {"type": "string", "pattern": r"^\d+(s|m)$"},
                "start_period": {"type": "string", "pattern": r"^\d+(s|m)$"},
                "retries": {"type": "integer", "minimum": 1},
            },
        },
    },
    "anyOf": [{"required": ["image"]}, {"required": ["build"]}],
}
_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["services"],
    "patternProperties": {"^x-": {}},
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*$"},
        "services": {"type": "object", "propertyNames": {"pattern": _NAME}, "additionalProperties": _SERVICE},
        "volumes": {"type": "object", "propertyNames": {"pattern": _NAME}},
    },
}


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))


def test_it_follows_the_specification(compose: Any) -> None:
    jsonschema.validate(compose, _SCHEMA)


def test_what_is_named_is_defined(compose: Any) -> None:
    services = compose["services"]
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        named = {volume.split(":")[0] for volume in service.get("volumes", []) if not volume.startswith((".", "/"))}
        assert named <= set(compose["volumes"])


def test_commands_refer_to_modules_that_exist(compose: Any) -> None:
    for service in compose["services"].values():
        words = service.get("command", [])
        for module, attribute in re.findall(r"\b((?:api|workers)\.\w+):(\w+)", " ".join(words)):
            assert hasattr(importlib.import_module(module), attribute)
        if "manage.py" in words:
            assert (ROOT / "manage.py").is_file()


def test_every_queue_has_a_worker_with_its_jobs(compose: Any) -> None:
    queues: list[str] = []
    for service in compose["services"].values():
        options = dict(itertools.pairwise(service.get("command", [])))
        if "--queues" not in options:
            continue
        mine = options["--queues"].split(",")
        queues += mine
        assert options["--include"].split(",") == list(modules_of(*mine))
    assert sorted(queues) == sorted(QUEUES)


def test_environment_names_are_settings(compose: Any) -> None:
    known = {name.upper() for name in Settings.model_fields}
    for name, service in compose["services"].items():
        if name != "postgres":
            assert set(service.get("environment", {})) <= known


def test_the_image_keeps_secrets_and_data_out() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()

    assert {".git", ".venv", "var", ".env"} <= set(ignored)
