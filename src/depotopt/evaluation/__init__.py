"""A layout judged over an ensemble it was not chosen on."""
