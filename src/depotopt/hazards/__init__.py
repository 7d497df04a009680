"""Hazards and what they do to roads and depots, one file per kind of hazard."""
