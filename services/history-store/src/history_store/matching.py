"""Whether items fit a filter, and namespaces a pattern, and how near vectors are: as LangGraph's stores.

Source: `langgraph.store.memory`, which this follows also where PostgreSQL's store differs.
"""

from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from operator import ge, gt, le, lt
from typing import Any, Final

from contracts.queries import NamespaceMatch

_ORDERS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {"$gt": gt, "$gte": ge, "$lt": lt, "$lte": le}


def fits(value: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether each field that the filter names is as it says.

    Raises:
        ValueError: on an operator that is none.
    """
    return all(_fits(value.get(name), condition) for name, condition in wanted.items())


def _fits(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        if any(name.startswith("$") for name in wanted):
            return all(_applies(value, operator, operand) for operator, operand in wanted.items())
        return isinstance(value, dict) and fits(value, wanted)
    if isinstance(wanted, list):
        return isinstance(value, list) and len(value) == len(wanted) and all(map(_fits, value, wanted))
    return _same(value, wanted)


def _applies(value: Any, operator: str, operand: Any) -> bool:
    if operator == "$eq":
        return _same(value, operand)
    if operator == "$ne":
        return not _same(value, operand)
    if (order := _ORDERS.get(operator)) is None:
        raise ValueError(f"filter: there is no operator {operator!r}, only $eq, $ne, {', '.join(_ORDERS)}")
    one, other = _number(value), _number(operand)
    if one is not None and other is not None:
        return order(one, other)
    return isinstance(value, str) and isinstance(operand, str) and order(value, operand)


def _same(value: Any, wanted: Any) -> bool:
    return isinstance(value, bool) == isinstance(wanted, bool) and bool(value == wanted)


def _number(value: Any) -> float | None:
    """A number, also in a text, as PostgreSQL's store takes it."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def matches(namespace: Sequence[str], pattern: NamespaceMatch) -> bool:
    """Whether a namespace begins or ends as the pattern says."""
    if len(namespace) < len(pattern.path):
        return False
    labels = namespace[: len(pattern.path)] if pattern.kind == "prefix" else namespace[-len(pattern.path) :]
    return all(wanted in ("*", label) for label, wanted in zip(labels, pattern.path, strict=False))


def scores(wanted: str, vectors: Sequence[str]) -> list[float | None]:
    """The cosine between a vector and each of the others; None for one of another length."""
    import numpy as np  # 10 MB, for those who keep vectors

    target = np.frombuffer(b64decode(wanted), dtype="<f4")
    raw = [b64decode(vector) for vector in vectors]
    alike = [number for number, one in enumerate(raw) if len(one) == target.nbytes]
    found: list[float | None] = [None] * len(vectors)
    if alike:
        table = np.frombuffer(b"".join(raw[number] for number in alike), dtype="<f4").reshape(len(alike), -1)
        lengths = np.linalg.norm(table, axis=1) * np.linalg.norm(target)
        cosines = (table @ target) / np.where(lengths > 0, lengths, 1)
        for number, cosine in zip(alike, cosines.tolist(), strict=True):
            found[number] = cosine
    return found
