"""Default numbers, each with value, unit, source, edition and a mark for how far it was verified."""
