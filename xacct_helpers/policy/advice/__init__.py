"""A decision explained, and the changes that would turn it."""
