"""Making drafts and making them better."""
