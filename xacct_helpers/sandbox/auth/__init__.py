"""Who is calling: signatures, tokens and one-time codes."""
