"""Decomposition by price cuts: master, rounds, tree."""
