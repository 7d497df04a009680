"""Flows and prices of one road state and commodity."""
