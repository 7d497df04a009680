"""Benchmarks: registered cases, each measured in a process of its own and held against its reference."""
