"""The second floor: models, training, sampling, scoring. Knows nothing of screens. Imports nothing by itself."""
