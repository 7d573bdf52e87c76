"""Everything a sandbox knows, and what it keeps on disk."""
