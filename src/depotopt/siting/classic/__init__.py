"""Classic location problems with published optima: the ground siting stands on, and a library of its own."""
