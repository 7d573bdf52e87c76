"""The local AWS: IAM, STS, ECR, CloudTrail and Organizations; moto behind a gate that decides.

A request passes the folders in this order: server, protocol, auth, services (which permissions it
needs), authorization, services (what it does), store, protocol. docs/architecture.md follows one.
"""
