"""Numbers as pages write them: with their units, and told from what only looks like an amount."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from rewards.match import NUMBER

MAX_DIGITS = 15  # of a number that a float holds exactly
MINUS = "\u2212"
CURRENCY = "$£€¥₹₽₩₪₺₴₫฿₱₦₡₲₵₸₿¢"
AMOUNT = re.compile(
    rf"(?P<minus>[-{MINUS}]?)(?P<before>[A-Z]{{0,2}}[{CURRENCY}]|[A-Z]{{3}}(?= )|)(?P<gap> ?)"
    rf"(?P<sign>[-+{MINUS}]?)(?P<number>\d[\d,]*(\.\d+)?)"
    rf"(?P<blank> ?)(?P<after>[{CURRENCY}]|[^\W\d_]{{1,5}}|[%‰°]|°[CFK]|[^\W\d_]{{1,3}}([²³]|/[^\W\d_]{{1,3}})|)"
)
NUMERIC = re.compile(r"[^\w\s]{0,3}v?[^\d\s.,+-]{0,3}\s?[-+\u2212]?\d[\d.,]*\s?[^\d\s]{0,5}", re.IGNORECASE)
ORDINAL = frozenset(("st", "nd", "rd", "th"))
MULTIPLES = frozenset(("k", "K", "M", "B", "T", "bn", "mn", "mio"))  # a number without one is another number
DOTTED = re.compile(r"[1-9]\d{0,2}(\.\d{3})+")  # thousands or decimals: the page does not say which
CALLED_BY = re.compile(
    r"^#|\b(isbn|issn|uuid|year|version|zip)\b|^(calendar )?(week|month|day)\W*$|"
    r"(^|[\W_])(ids?|no|nr|number|key|phone|port|rowid|rank|ranking|pos|position|place|priority|grade|level|severity"
    r"|chapter|season|episode|ticket|build|code|ean|sku|release|revision)\W*$",
    re.IGNORECASE,
)
CAMEL_ID = re.compile(r"[a-z]I[dD]$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A number with what stands around it."""

    number: Decimal
    unit: str  # e.g. "£" or "%"
    is_before: bool  # the unit stands before the number
    decimals: int  # digits after the point


def quantity(text: str) -> Quantity | None:
    """Read a number with at most a sign of currency or a short unit beside it; None for anything else."""
    found = AMOUNT.fullmatch(text.strip())
    if found is None or not NUMBER.match(found["number"]) or len(re.sub(r"\D", "", found["number"])) > MAX_DIGITS:
        return None
    digits = found["number"].replace(",", "")
    if re.match(r"0\d", digits) or DOTTED.fullmatch(digits):
        return None
    signs, unit = found["minus"] + found["sign"], found["before"] + found["after"]
    if len(signs) > 1 or (found["before"] and found["after"]) or unit in ORDINAL or (found["gap"] and not unit):
        return None
    number = Decimal(digits) * (-1 if signs in ("-", MINUS) else 1)
    return Quantity(number=number, unit=unit, is_before=bool(found["before"]), decimals=len(digits.partition(".")[2]))


def is_numeric(text: str) -> bool:
    """Whether a text is a number to whoever reads it, be it one that cannot be counted with, e.g. "~5" or "v2"."""
    return NUMERIC.fullmatch(text.strip()) is not None


def is_called_by(label: str) -> bool:
    """Whether the numbers beside a label are what things are called by, and no amounts."""
    return CALLED_BY.search(label) is not None or CAMEL_ID.search(label) is not None


def spellings(read: Quantity) -> list[str]:
    """Return the ways to write an amount: its unit near or apart, thousands with or without commas, zeros or none."""
    sign, size = "-" if read.number < 0 else "", abs(read.number)
    texts = []
    for digits in dict.fromkeys(_digits(size, read.decimals)):
        for blank in ("", " "):
            if read.is_before:
                texts += [f"{sign}{read.unit}{blank}{digits}", f"{read.unit}{blank}{sign}{digits}"]
            else:
                texts.append(f"{sign}{digits}{blank}{read.unit}")
    signed = [text.replace("-", MINUS) for text in texts] if sign else []
    return list(dict.fromkeys([*texts, *signed]))


def _digits(size: Decimal, decimals: int) -> Iterator[str]:
    shown = format(size, f".{decimals}f")
    short = shown.rstrip("0").rstrip(".") if "." in shown else shown
    for digits in (shown, short):
        whole, point, rest = digits.partition(".")
        yield digits
        yield f"{int(whole):,}{point}{rest}"
