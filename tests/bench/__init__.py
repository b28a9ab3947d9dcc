"""Benchmark programs: `make bench` runs each of them."""
