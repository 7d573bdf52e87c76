"""The gate: whether the policies that apply let a call through."""
