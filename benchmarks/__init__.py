"""Speed and cost of the kit, each against a peer measured in the same run: python -m benchmarks."""
