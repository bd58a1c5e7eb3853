"""Requests made from an OpenAPI document, right ones and wrong ones: no answer is the server's failure."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

CALL_SECONDS = 20
LONGEST_HEAD = 20_000
"""Bytes; at some more the gateway answers 431 and hangs up while it is still being sent to."""


def try_all(
    described: Any,
    mode: GenerationMode,
    url: str,
    *,
    examples: int,
    prepare: Callable[[Any, int], None] | None = None,
) -> int:
    """Make requests of one operation, and fail where an answer is a 5xx or an error without a `detail`.

    Args:
        described: the operation, of `schemathesis`.
        prepare: changes a case before it is sent, given its number.

    Returns:
        How many were made; none where nothing can be wrong because nothing is sent.
    """
    if mode.is_negative and not (described.path_parameters or described.query or described.body):
        return 0
    tried = 0

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=described.as_strategy(mode))
    def check(case: Any) -> None:
        nonlocal tried
        assume(_length(case) < LONGEST_HEAD)
        tried += 1
        if prepare:
            prepare(case, tried)
        answer = case.call(base_url=url, timeout=CALL_SECONDS)
        assert answer.status_code < 500, (case.operation.label, case.body, answer.text)
        if answer.status_code >= 400:
            assert isinstance(answer.json()["detail"], str), case.operation.label

    with suppress(Unsatisfiable) if mode.is_negative else nullcontext():  # some take whatever there is
        check()
    return tried


def _length(case: Any) -> int:
    """About how long the address and the headers of a request are."""
    parts = [part for part in (case.query, case.path_parameters, case.headers) if isinstance(part, Mapping)]
    return sum(len(quote(str(value))) for part in parts for value in part.values())
