"""What is under way, what is left, and plans for it."""
