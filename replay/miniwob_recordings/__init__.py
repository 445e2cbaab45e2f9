"""Imports the public human MiniWoB++ recordings as episodes.

A recording is a JSON file (``.json`` or ``.json.gz``) with the page's DOM at every raw input event. Raw events
become typed actions; each is paired with the page as it was before it. There are no pixels and no seeds.
"""

from replay.miniwob_recordings.importing import ImportReport, import_recording, import_recordings
from replay.miniwob_recordings.reading import read_recordings
from replay.miniwob_recordings.recording import RecordingError

__all__ = ["ImportReport", "RecordingError", "import_recording", "import_recordings", "read_recordings"]
