"""STS: who calls, and temporary credentials of every kind."""

from __future__ import annotations

from tests.sandbox.corpus.steps import lab, later, no, ok, scenario
from tests.sandboxes import A, B, allow, policy, statement, trust

ROLE = f"arn:aws:iam::{A}:role/worker"
AS_WORKER = {"RoleArn": ROLE, "RoleSessionName": "shift"}
ANN = {"UserName": "ann"}
BOTH = ["sts:AssumeRole", "sts:TagSession"]

CALLERS = scenario(
    "who calls",
    ok("the administrator", "sts:GetCallerIdentity", denied=""),
    no("a stranger", "sts:GetCallerIdentity", "InvalidClientTokenId",
       "The security token included in the request is invalid.", by="stranger"),
    ok("a key", "iam:CreateAccessKey", keep="own"),
    ok("the account of a key", "sts:GetAccessKeyInfo", AccessKeyId="{own.AccessKey.AccessKeyId}"),
    no("the account of no key", "sts:GetAccessKeyInfo", "ValidationError", "Invalid Access Key Id",
       AccessKeyId="AAAAAAAAAAAAAAAAAAAA"),
    no("a message of nobody's", "sts:DecodeAuthorizationMessage",
       "InvalidAuthorizationMessageException", "Message is not valid", EncodedMessage="abc"),
)  # fmt: skip

ASSUMED = scenario(
    "a role assumed",
    ok("a role", "iam:CreateRole", RoleName="worker", AssumeRolePolicyDocument=trust([A, B], BOTH)),
    ok("its policy", "iam:PutRolePolicy", RoleName="worker", PolicyName="own",
       PolicyDocument=allow(["iam:ListRoles", "sts:AssumeRole"])),
    ok("a session", "sts:AssumeRole", **AS_WORKER, keep="session"),
    ok("who it is", "sts:GetCallerIdentity", by="session", denied=""),
    ok("what it may", "iam:ListRoles", by="session"),
    no("what it may not", "iam:ListUsers", "AccessDenied",
       f"User: arn:aws:sts::{A}:assumed-role/worker/shift is not authorized to perform: "
       "iam:ListUsers", by="session"),
    ok("a session from another account, with tags", "sts:AssumeRole", by="B", **AS_WORKER,
       Tags=[{"Key": "team", "Value": "blue"}], TransitiveTagKeys=["team"], DurationSeconds=900,
       keep="tagged"),
    ok("a session with a policy", "sts:AssumeRole", **AS_WORKER, Policy=allow("s3:*"),
       keep="narrow"),
    no("what the policy leaves out", "iam:ListRoles", "AccessDenied",
       "because no session policy allows the iam:ListRoles action", by="narrow"),
    no("no such role", "sts:AssumeRole", "AccessDenied",
       "is not authorized to perform: sts:AssumeRole on resource: " + ROLE + "2",
       RoleArn=ROLE + "2", RoleSessionName="shift"),
    no("a policy that is not one", "sts:AssumeRole", "MalformedPolicyDocument",
       "The policy is not in the valid JSON format.", **AS_WORKER, Policy="{"),
    no("a day and a half", "sts:AssumeRole", "ValidationError",
       "Member must have value less than or equal to 43200", **AS_WORKER, DurationSeconds=129600),
    no("longer than the role lets", "sts:AssumeRole", "ValidationError",
       "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
       **AS_WORKER, DurationSeconds=7200),
    no("a session of a session", "sts:GetSessionToken", "AccessDenied",
       "Cannot call GetSessionToken with session credentials", by="session"),
    later(3601),
    no("a session that is over", "sts:GetCallerIdentity", "ExpiredToken",
       "The security token included in the request is expired", by="session"),
)  # fmt: skip

OF_A_USER = scenario(
    "sessions of a user",
    ok("a user", "iam:CreateUser", **ANN),
    ok("its policy", "iam:PutUserPolicy", **ANN, PolicyName="own", PolicyDocument=policy(
        statement("Allow", ["sts:GetFederationToken", "iam:ListRoles"], "*"))),
    ok("its key", "iam:CreateAccessKey", **ANN, keep="ann"),
    ok("a session", "sts:GetSessionToken", by="ann", DurationSeconds=900, keep="session"),
    ok("an administrator's session", "sts:GetSessionToken", denied=""),
    no("a session of a minute", "sts:GetSessionToken", "ValidationError",
       "Member must have value greater than or equal to 900", by="ann", DurationSeconds=60),
    ok("who it is", "sts:GetCallerIdentity", by="session"),
    no("IAM without MFA", "iam:ListRoles", "InvalidClientTokenId",
       "The security token included in the request is invalid.", by="session"),
    ok("a federated user", "sts:GetFederationToken", by="ann", Name="dash",
       Policy=allow("ecr:*"), keep="dash"),
    ok("an administrator's federated user", "sts:GetFederationToken", Name="dash"),
    ok("who that is", "sts:GetCallerIdentity", by="dash"),
    no("a federated user of a federated user", "sts:GetFederationToken", "AccessDenied",
       "Cannot call GetFederationToken with session credentials", by="dash", Name="dash"),
    no("a policy that is not one", "sts:GetFederationToken", "MalformedPolicyDocument",
       "Syntax errors in policy.", by="ann", Name="dash", Policy='{"Version": "2012-10-17"}'),
)  # fmt: skip

WEB = {"RoleArn": f"arn:aws:iam::{B}:role/pod", "RoleSessionName": "pod"}
WEB_IDENTITY = scenario(
    "a pod's role",
    lab("GET", "status", keep="lab"),
    lab("POST", "service-account-token", keep="pod", namespace="prod", service_account="puller"),
    no("a provider that is not there", "sts:AssumeRoleWithWebIdentity", "InvalidIdentityToken",
       "No OpenIDConnect provider found in your account for", **WEB,
       WebIdentityToken="{pod.token}"),
    ok("a provider", "iam:CreateOpenIDConnectProvider", by="B", Url="{lab.oidc_issuer}",
       ClientIDList=["sts.amazonaws.com"], keep="provider"),
    ok("a role", "iam:CreateRole", by="B", RoleName="pod", AssumeRolePolicyDocument=trust(
        {"Federated": "{provider.OpenIDConnectProviderArn}"}, "sts:AssumeRoleWithWebIdentity")),
    ok("a session", "sts:AssumeRoleWithWebIdentity", denied="", **WEB,
       WebIdentityToken="{pod.token}", keep="session"),
    ok("who it is", "sts:GetCallerIdentity", by="session"),
    no("no token", "sts:AssumeRoleWithWebIdentity", "InvalidIdentityToken",
       "The ID Token provided is not a valid JWT.", **WEB, WebIdentityToken="abc.def.ghi"),
    no("another role", "sts:AssumeRoleWithWebIdentity", "AccessDenied",
       "Not authorized to perform sts:AssumeRoleWithWebIdentity", WebIdentityToken="{pod.token}",
       RoleArn=f"arn:aws:iam::{B}:role/other", RoleSessionName="pod"),
    later(2 * 3600),
    no("a token that is over", "sts:AssumeRoleWithWebIdentity", "ExpiredTokenException", "Token",
       **WEB, WebIdentityToken="{pod.token}"),
)  # fmt: skip

SCENARIOS = (CALLERS, ASSUMED, OF_A_USER, WEB_IDENTITY)
