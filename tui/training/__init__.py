"""What the Train screen knows, without the screen: the form's values, and a run followed through its folder."""
