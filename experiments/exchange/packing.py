"""An export as one file, for whoever downloads it: the file itself, or a ZIP of the folder that it is."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from browser_env.episode import Episode
from experiments.exchange.exporting import export


def pack(episodes: Sequence[Episode], format_: str) -> tuple[str, bytes]:
    """Return the ending of the file's name, and its bytes; raise what :func:`export` raises."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        export(episodes, format_, out)
        files = sorted(path for path in out.rglob("*") if path.is_file())
        if format_ in ("chrome-recorder", "playwright") and len(files) == 1:
            return files[0].suffix, files[0].read_bytes()
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in files:
                archive.write(path, path.relative_to(out))
        return ".zip", buffer.getvalue()
