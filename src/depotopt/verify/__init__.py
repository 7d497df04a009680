"""Feasibility and objective of every plan, recomputed from the scenario alone; no solver in here."""
