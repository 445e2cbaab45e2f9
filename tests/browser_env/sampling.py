"""Which pages the slow tests play: ``WEBDUAL_EVERY=1`` plays all of them."""

import os

EVERY = int(os.environ.get("WEBDUAL_EVERY", "3"))  # of so many pages one is played
