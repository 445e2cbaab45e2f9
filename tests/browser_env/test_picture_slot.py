import os

import numpy as np

from browser_env.picture_slot import PictureSlot


def test_a_picture_comes_out_as_it_went_in_and_stays() -> None:
    ours = PictureSlot.make()
    theirs = PictureSlot(os.dup(ours.descriptor))
    chance = np.random.default_rng(0)
    kept = []
    for height, width in ((3, 4), (30, 40), (2, 2)):
        picture = chance.integers(0, 256, (height, width, 3), dtype=np.uint8)
        theirs.write(picture)
        kept.append((picture, ours.read((height, width))))
    assert all(np.array_equal(written, read) for written, read in kept)
    for slot in (ours, theirs):
        slot.close()
        slot.close()
