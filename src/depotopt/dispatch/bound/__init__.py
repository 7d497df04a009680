"""Relaxations that bound every plan."""
