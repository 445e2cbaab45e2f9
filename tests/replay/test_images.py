from __future__ import annotations

import contextlib
import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from browser_env.errors import DataError
from browser_env.observation import Screenshot
from replay.errors import DamageError
from replay.images import ImageFolder, image_name

Pixels = Callable[[int], Screenshot]


@pytest.fixture
def folder(tmp_path: Path) -> ImageFolder:
    (tmp_path / "drafts").mkdir()
    return ImageFolder(tmp_path / "images", drafts=tmp_path / "drafts")


def _write(folder: ImageFolder, pixels: Screenshot) -> str:
    name = image_name(pixels)
    folder.write({name: pixels})
    return name


def test_a_name_is_the_hash_of_shape_and_pixels() -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    assert image_name(pixels) == hashlib.sha256(b"2x2:" + bytes(range(12))).hexdigest()


def test_shape_and_memory_layout() -> None:
    flat = np.zeros((1, 4, 3), dtype=np.uint8)
    assert image_name(flat) != image_name(flat.reshape(4, 1, 3))
    picture = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    assert image_name(picture[:, ::-1]) == image_name(picture[:, ::-1].copy())


@pytest.mark.parametrize(("height", "width"), [(1, 1), (210, 160), (3, 257)])
def test_pixels_come_back_exactly(folder: ImageFolder, height: int, width: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    back = folder.read(_write(folder, pixels))
    assert back.dtype == np.uint8
    assert np.array_equal(back, pixels)
    assert not back.flags.writeable


def test_an_image_is_stored_once(folder: ImageFolder, make_pixels: Pixels) -> None:
    name = _write(folder, make_pixels(1))
    before = folder.file(name).stat()
    assert _write(folder, make_pixels(1)) == name
    assert folder.file(name).stat().st_mtime_ns == before.st_mtime_ns
    other = _write(folder, make_pixels(2))
    assert sorted(folder.names()) == sorted([name, other])
    assert folder.file(name).parent.name == name[:2]


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((2, 2, 3)),
        np.zeros((2, 2), dtype=np.uint8),
        np.zeros((2, 2, 4), dtype=np.uint8),
        np.zeros((0, 2, 3), dtype=np.uint8),
    ],
)
def test_what_is_no_screenshot_is_refused(pixels: Screenshot) -> None:
    with pytest.raises(DataError, match="height x width x 3"):
        image_name(pixels)


@pytest.mark.parametrize("name", ["../../secret", "", "ab", "A" * 64, "0" * 63 + "\n", "0" * 64 + "\n"])
def test_what_is_no_name_is_refused(folder: ImageFolder, name: str) -> None:
    with pytest.raises(DamageError, match="not the name"):
        folder.read(name)


def test_a_missing_or_exchanged_image_is_damage(folder: ImageFolder, make_pixels: Pixels) -> None:
    first, second = _write(folder, make_pixels(1)), _write(folder, make_pixels(2))
    folder.file(first).write_bytes(folder.file(second).read_bytes())
    with pytest.raises(DamageError, match="something else"):
        folder.read(first)
    folder.file(first).unlink()
    with pytest.raises(DamageError, match="missing"):
        folder.read(first)


def test_only_webp_and_png_are_decoded(folder: ImageFolder, make_pixels: Pixels) -> None:
    name = _write(folder, make_pixels(1))
    bitmap = io.BytesIO()
    Image.fromarray(make_pixels(1)).save(bitmap, format="BMP")
    folder.file(name).write_bytes(bitmap.getvalue())
    with pytest.raises(DamageError, match="cannot be read"):
        folder.read(name)


def test_png_of_older_stores_is_read_and_removed(folder: ImageFolder, make_pixels: Pixels) -> None:
    name = _write(folder, make_pixels(1))
    Image.fromarray(make_pixels(1)).save(folder.file(name).with_suffix(".png"))
    folder.file(name).unlink()
    assert _write(folder, make_pixels(1)) == name
    assert folder.file(name).suffix == ".png"
    assert np.array_equal(folder.read(name), make_pixels(1))
    folder.remove(name)
    assert list(folder.names()) == []


def test_what_is_too_long_for_webp_is_stored_as_png(folder: ImageFolder) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (1, 16_384, 3), dtype=np.uint8)
    name = _write(folder, pixels)
    with Image.open(folder.file(name)) as image:
        assert image.format == "PNG"
    assert np.array_equal(folder.read(name), pixels)


@given(position=st.integers(0, 10_000), byte=st.integers(0, 255), keep=st.integers(0, 10_000))
def test_any_damage_is_damage_or_harmless(
    tmp_path_factory: pytest.TempPathFactory, position: int, byte: int, keep: int
) -> None:
    root = tmp_path_factory.mktemp("images")
    folder = ImageFolder(root / "images", drafts=root)
    pixels = np.random.default_rng(1).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    name = _write(folder, pixels)
    data = bytearray(folder.file(name).read_bytes())
    data[position % len(data)] = byte
    folder.file(name).write_bytes(data[: max(1, keep % (2 * len(data)))])
    with contextlib.suppress(DamageError):
        assert np.array_equal(folder.read(name), pixels)
