"""Looking for a secret in all that a store has written."""

from __future__ import annotations

import base64
import gzip
import html
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import numpy as np
from PIL import Image


def written(secret: str) -> Iterator[bytes]:
    """The ways in which a secret would be found."""
    for text in dict.fromkeys((secret, secret.replace(" ", ""))):
        yield from (form.encode() for form in (text, quote(text), quote_plus(text), html.escape(text)))
        yield json.dumps(text)[1:-1].encode()
        yield base64.b64encode(text.encode())[:-4]
        yield text.encode().hex().encode()


def contents(store: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file's bytes, unpacked and decoded where that is possible."""
    for path in (path for path in store.rglob("*") if path.is_file()):
        data = path.read_bytes()
        yield path, data
        if path.suffix == ".gz":
            yield path, gzip.decompress(data)
        if path.suffix in (".webp", ".png"):
            yield path, np.array(Image.open(path)).tobytes()


def holding(store: Path, secret: str) -> list[Path]:
    """The files of a store that hold a secret in any of these ways."""
    return [path for path, data in contents(store) if any(form in data for form in written(secret))]
