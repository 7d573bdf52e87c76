"""The server process, and the order in which a request passes the layers."""
