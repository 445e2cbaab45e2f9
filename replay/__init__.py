"""Episodes on disk, demonstrations, and the buffer that mixes them."""
