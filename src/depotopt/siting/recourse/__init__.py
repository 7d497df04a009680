"""What a layout does in a road state."""
