"""What all tests share: two workers, each with what it starts, must not wait for each other's turns by spinning."""

import os

# torch's threads wait for work by spinning, which beside another worker takes its time away (see `engine.launch`).
os.environ.setdefault("GOMP_SPINCOUNT", "2000")
