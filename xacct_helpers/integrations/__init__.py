"""Programs that other tools call for credentials, each by that tool's own protocol.

process:  `credential_process` of the AWS SDKs and CLI.
docker:   the credential helper of podman, skopeo, buildah and docker.
kubelet:  the kubelet's image credential provider.
"""
