"""What a person reads and agrees to before anything of theirs is kept."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta

from replay.consent import ConsentRecord, canonical_subject, give_consent

SCOPE = "training"
DAYS = (30, 365, 1825)  # how long a consent may stand
TEXT = """What is recorded: for each step of a task, the page before it (its picture, its elements and their texts), \
what you did (clicks, keys, scrolling), how the task ended, how long it took, and ratings that you give. Your camera, \
your microphone, and what you do outside the page are not recorded.

What for: to train and test programs that use websites.

By whom: {recorder}. The studio sends nothing anywhere.

For how long: until the time that you choose below; afterwards nothing of it is used any more. You may take the \
consent back at any time, here or with 'webdual demos revoke --store DIR --subject NAME'; then what was recorded is \
deleted.

Passwords, card numbers, one-time codes and e-mail addresses are replaced by placeholders, in texts and in pictures, \
before anything is stored. This is done by rules, which may miss something: prefer made-up data.

Nothing is recorded while you pause. A recording of your own is stored only when you keep it. Where you take over from \
an agent, the episode is the agent's: it is stored when it ends, with the steps that you took, and you are not asked \
again."""


def default_recorder() -> str:
    """Return who records where nobody is named."""
    return f"whoever runs this studio, on the machine {socket.gethostname()}"


def text_of(recorder: str) -> str:
    """Return what is read and agreed to; ``recorder`` is who records."""
    return TEXT.format(recorder=recorder)


def agreed(*, subject: str, days: int, recorder: str | None = None) -> ConsentRecord:
    """Return the record of an agreement given now, for so many days."""
    recorder = recorder or default_recorder()
    until = datetime.now(UTC) + timedelta(days=days)
    given = f"This consent is given by {canonical_subject(subject)} and ends on {until.date().isoformat()}."
    return give_consent(
        subject=subject,
        text=f"{text_of(recorder)}\n\n{given}",
        scope=SCOPE,
        expires_at=until.isoformat(),
        recorder=recorder,
    )
