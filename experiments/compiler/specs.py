"""Verifiers that families put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from browser_env.task import VerifierSpec
from experiments.compiler.quantities import MINUS, MULTIPLES, quantity, spellings


def every(specs: Sequence[VerifierSpec]) -> VerifierSpec:
    """Return a verifier that wants all of these; those of nested ``all`` count by themselves."""
    flat: list[dict[str, Any]] = []
    for spec in specs:
        parts: list[dict[str, Any]] = (
            spec.params["of"] if spec.name == "all" else [{"name": spec.name, "params": spec.params}]
        )
        flat += [part for part in parts if part not in flat]
    if len(flat) == 1:
        return VerifierSpec(**flat[0])
    return VerifierSpec(name="all", params={"of": flat})


def answer(text: str, *, is_exact: bool = False) -> VerifierSpec:
    """Return a verifier of an answer: an amount however it is written, all else (or with ``is_exact``) as it is."""
    read = None if is_exact else quantity(text)
    if read is None:
        return VerifierSpec(name="answer", params={"equals": text})
    number = {"number": float(read.number)}
    if not read.unit and MINUS not in text:
        return VerifierSpec(name="answer", params=number)
    texts = list(dict.fromkeys([text, *spellings(read)]))
    ways: list[dict[str, Any]] = [{"one_of": texts}, *([] if read.unit in MULTIPLES else [number])]
    parts: list[dict[str, Any]] = [{"name": "answer", "params": way} for way in ways]
    return VerifierSpec(**parts[0]) if len(parts) == 1 else VerifierSpec(name="any", params={"of": parts})


def any_of(specs: Sequence[VerifierSpec]) -> VerifierSpec:
    """Return a verifier that wants one of these at least."""
    return VerifierSpec(name="any", params={"of": [{"name": spec.name, "params": spec.params} for spec in specs]})


def none_of(specs: Sequence[VerifierSpec]) -> list[VerifierSpec]:
    """Return verifiers that each want one of these to fail."""
    return [VerifierSpec(name="not", params={"of": {"name": s.name, "params": s.params}}) for s in specs]


def element(**params: object) -> VerifierSpec:
    """Return a verifier of an element."""
    return VerifierSpec(name="element", params=params)


def form(values: dict[str, str]) -> VerifierSpec:
    """Return a verifier of controls' values."""
    return VerifierSpec(name="form", params={"values": values})
