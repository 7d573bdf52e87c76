"""The lab's own API, for what AWS has no call for."""
