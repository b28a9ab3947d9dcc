"""What the Library screen knows, without the screen: typed paths, imports, figures, and the list of what is there."""
