"""Requests that Schemathesis generates from the description, and its checks of what is answered."""

from typing import Any

import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import APIOperation, GenerationMode
from schemathesis.checks import ignored_auth, not_a_server_error, positive_data_acceptance
from schemathesis.core.result import Ok

_EXCLUDED = [positive_data_acceptance, ignored_auth]


def ask_every_call(application: FastAPI, path: str, mode: str, header: dict[str, str]) -> int:
    """Two requests of each call, valid ones ("positive") or such as must be refused ("negative"); how many calls."""
    schema = schemathesis.openapi.from_asgi(path, application)
    wanted, asked = GenerationMode(mode), 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        if wanted is GenerationMode.POSITIVE or operation.query or operation.path_parameters or operation.body:
            _ask(operation, wanted, header)
            asked += 1
    return asked


def _ask(operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode, header: dict[str, str]) -> None:
    @settings(
        max_examples=2,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case[Any]) -> None:
        # A schema can't say that start comes before end, or which cursors are ours: 422 is a true answer to these.
        # Who gets in is for `test_matrix`; asking three times for each case costs too much here.
        excluded = [*_EXCLUDED, not_a_server_error] if operation.path.endswith("/evidence") else _EXCLUDED
        answer = case.call_and_validate(headers=header, excluded_checks=excluded)
        assert answer.status_code in (503, *range(500))  # 503: no worker is here, as that call says

    ask()
