"""Screenshots on disk: lossless, named by what they show, stored once."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from browser_env.errors import DataError
from browser_env.observation import Screenshot
from replay.errors import DamageError
from replay.files import sync_folders, write_sealed

IMAGE_NAME = re.compile(r"[0-9a-f]{64}\Z")
SUFFIX, OTHER_SUFFIX = ".webp", ".png"  # PNG: in stores that were of version 1
MAX_WEBP = 16_383  # pixels in width and height; what is longer is PNG inside, whatever its file is called


def image_name(pixels: Screenshot) -> str:
    """Return the SHA-256, in hex, of ``"HEIGHTxWIDTH:"`` and the raw RGB bytes."""
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        raise DataError(f"a screenshot is uint8 of height x width x 3, not {pixels.dtype} of {pixels.shape}")
    digest = hashlib.sha256(f"{pixels.shape[0]}x{pixels.shape[1]}:".encode())
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()


class ImageFolder:
    """Files in two-hex folders, ``ab/abcd....webp``; PNG is read too."""

    def __init__(self, path: Path, *, drafts: Path) -> None:
        self._path = path
        self._drafts = drafts

    def file(self, name: str) -> Path:
        """Return where an image lies, or would lie; raise :class:`DamageError` for what is no name."""
        if not IMAGE_NAME.match(name):
            raise DamageError(f"{name[:80]!r} is not the name of an image")
        path = self._path / name[:2] / f"{name}{SUFFIX}"
        other = path.with_suffix(OTHER_SUFFIX)
        return other if other.exists() and not path.exists() else path

    def write(self, images: Mapping[str, Screenshot]) -> None:
        """Store those images that are not there yet, by :func:`image_name`; durable on return."""
        files = {self.file(name): pixels for name, pixels in images.items()}
        for path, pixels in files.items():
            if not path.exists():
                write_sealed(path, _encode(pixels), drafts=self._drafts)
        sync_folders(files)

    def read(self, name: str) -> Screenshot:
        """Return the pixels, read-only; raise :class:`DamageError` if they are not what was written."""
        try:
            data = self.file(name).read_bytes()
        except FileNotFoundError as error:
            raise DamageError(f"image {name} is missing") from error
        pixels = _decode(data, name=name)
        if image_name(pixels) != name:
            raise DamageError(f"image {name} shows something else than was written")
        return pixels

    def remove(self, name: str) -> None:
        """Delete an image in whatever format."""
        path = self.file(name)
        for suffix in (SUFFIX, OTHER_SUFFIX):
            path.with_suffix(suffix).unlink(missing_ok=True)

    def names(self) -> Iterator[str]:
        """Yield the names of all stored images."""
        return (path.stem for path in self._path.glob("??/*.*") if IMAGE_NAME.match(path.stem))


def _encode(pixels: Screenshot) -> bytes:
    """Return lossless WebP at its quick setting: half of PNG's size in the same time (docs/storage.md)."""
    image, buffer = Image.fromarray(np.ascontiguousarray(pixels)), io.BytesIO()
    if max(pixels.shape) > MAX_WEBP:
        image.save(buffer, format="PNG", compress_level=1)
    else:
        image.save(buffer, format="WEBP", lossless=True, exact=True, method=1, quality=20)
    return buffer.getvalue()


def _decode(data: bytes, *, name: str) -> Screenshot:
    try:
        with Image.open(io.BytesIO(data), formats=("WEBP", "PNG")) as image:
            pixels = np.array(image.convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DamageError(f"image {name} cannot be read: {error}") from error
    pixels.setflags(write=False)
    return pixels
