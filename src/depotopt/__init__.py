"""depotopt."""
