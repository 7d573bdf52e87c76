"""The OCI distribution specification's own conformance program, run against the sandbox's /v2/.

program.py     fetches it at one commit, builds it with Go, runs it.
expected.toml  every check that does not pass, with the sentence of docs/fidelity.md that says why.
expected.py    holds a report against that list.
"""
