"""Verifiers that families put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from browser_env.task import VerifierSpec
from experiments.compiler.texts import quantity


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


def answer(text: str) -> VerifierSpec:
    """Return a verifier of an answer: a number as such, and with or without the sign that stands beside it."""
    read = quantity(text)
    if read is None:
        return VerifierSpec(name="answer", params={"equals": text})
    if not read.unit:
        return VerifierSpec(name="answer", params={"number": float(read.number)})
    bare = text.replace(",", "")
    whole = [bare.replace(".".ljust(read.decimals + 1, "0"), "")] if read.number == int(read.number) else []
    texts = dict.fromkeys([text, bare, *whole])
    ways = [{"one_of": list(texts)}, {"number": float(read.number)}]
    return VerifierSpec(name="any", params={"of": [{"name": "answer", "params": way} for way in ways]})


def element(**params: object) -> VerifierSpec:
    """Return a verifier of an element."""
    return VerifierSpec(name="element", params=params)


def form(values: dict[str, str]) -> VerifierSpec:
    """Return a verifier of controls' values."""
    return VerifierSpec(name="form", params={"values": values})
