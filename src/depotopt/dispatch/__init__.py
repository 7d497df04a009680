"""Plan which vehicle carries what from where to whom, over which roads, and say who is not served and why."""
