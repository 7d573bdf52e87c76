"""What the sandbox's control API sends, and what notebooks read: the same dataclasses.

Both sides import it: the sandbox makes these messages, `client` asks for them. It imports only the
standard library.
"""
