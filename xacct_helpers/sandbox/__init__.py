"""The local AWS: IAM, STS, ECR and CloudTrail; moto's backends behind a gate that decides.

One request flows through the rooms of this folder in this order:
server, wire, signature, identities, actions, gate, backends, trail.
"""
