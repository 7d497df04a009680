"""Plain routing tasks, as the literature states them."""
