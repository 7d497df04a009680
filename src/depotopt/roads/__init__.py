"""Road networks as read-only arrays, their importers and the travel-time engines."""
