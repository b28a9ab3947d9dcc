"""The writer's document: its text, its history, its takes, its file. Pure Python, free of Textual."""
