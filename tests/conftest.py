"""What all tests share: two workers, each with what it starts, must not wait for each other's turns by spinning."""

import os

from engine.environment import trainer_environment

# torch's threads wait for work by spinning, which beside another worker takes its time away.
os.environ.update(trainer_environment())
