"""A request and the policies that apply: what IAM decides, and why."""
