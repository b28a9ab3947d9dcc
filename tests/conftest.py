"""What all tests share: two workers, each with what it starts, must not wait for each other's turns by spinning."""

import os

from hypothesis import settings

# torch's threads wait for work by spinning, which beside another worker takes its time away (see `engine.environment`).
os.environ.setdefault("GOMP_SPINCOUNT", "200")

# The first example of a property pays for every table that is built once: 0.3 s where 0.2 are allowed by default.
settings.register_profile("pantoum", deadline=None)
settings.load_profile("pantoum")
