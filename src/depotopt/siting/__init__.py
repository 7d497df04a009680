"""Choose which depots open, in which tier and size, and what each holds, over an ensemble of road states."""
