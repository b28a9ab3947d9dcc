"""Recurrent layers: one module a cell, all with the same face."""
