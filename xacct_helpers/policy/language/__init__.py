"""A policy document: parse and validate it, and the forms of its elements."""
