"""The first floor: text in, tokens out. Knows nothing of torch or of screens."""
