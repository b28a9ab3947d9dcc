"""What all tests share: no test is judged by the time that a busy machine took for it."""

import os

from hypothesis import settings

# torch's threads wait for work by spinning, which beside another worker takes its time away (see `engine.launch`).
os.environ.setdefault("GOMP_SPINCOUNT", "2000")

# The first example of a property pays for every table that is built once: 0.3 s where 0.2 are allowed by default.
settings.register_profile("pantoum", deadline=None)
settings.load_profile("pantoum")
