"""HTTP to a call, and its result to HTTP; errors and constraints in AWS's words."""
