"""Readers for the formats of published instances. They belong to the benchmarks, not to depotopt."""
