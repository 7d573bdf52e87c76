"""AWS as facts: the service authorization reference and the SDK's service models."""
