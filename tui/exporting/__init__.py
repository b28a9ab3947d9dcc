"""A run's curves and samples in the formats of other programs. Each writer is our own, and pure Python."""
