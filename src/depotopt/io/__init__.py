"""Files to objects and back: the only home of pydantic schemas."""
