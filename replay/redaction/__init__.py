"""Masks passwords, card numbers, one-time codes, e-mail addresses and what a site owner names, in texts and pixels."""

from replay.redaction.placeholders import fill_in
from replay.redaction.redactor import RedactionReport, Redactor
from replay.redaction.rules import DEFAULT_RULES, ElementRule, RedactionRules, TextRule, read_rules, rules_from

__all__ = [
    "DEFAULT_RULES",
    "ElementRule",
    "RedactionReport",
    "RedactionRules",
    "Redactor",
    "TextRule",
    "fill_in",
    "read_rules",
    "rules_from",
]
