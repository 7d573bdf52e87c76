"""Users, groups, and what belongs to a user: access keys, passwords, what it signs with."""

from __future__ import annotations

from tests.sandbox.corpus import certificates
from tests.sandbox.corpus.steps import Code, later, no, ok, scenario
from tests.sandboxes import A, allow

NO_USER = "The user with name gone cannot be found."
NO_GROUP = "The group with name gone cannot be found."
ANN = {"UserName": "ann"}
GONE = {"UserName": "gone"}
TEAM = {"GroupName": "team"}
NO_TEAM = {"GroupName": "gone"}
POLICY = f"arn:aws:iam::{A}:policy/reads"
READS = {"PolicyName": "reads", "PolicyDocument": allow("ecr:Describe*")}
TAG = {"Key": "team", "Value": "blue"}
NONE_AT_ALL = "Member must have value greater than or equal to 1"

USERS = scenario(
    "users",
    ok("a user", "iam:CreateUser", **ANN, Path="/staff/", Tags=[TAG]),
    no("a name that is taken", "iam:CreateUser", "EntityAlreadyExists",
       "User with name Ann already exists.", UserName="Ann"),
    no("a name with a space", "iam:CreateUser", "ValidationError", "userName", UserName="a b"),
    ok("the user", "iam:GetUser", **ANN),
    ok("the caller", "iam:GetUser"),
    no("a user that is not there", "iam:GetUser", "NoSuchEntity", NO_USER, **GONE),
    ok("all users", "iam:ListUsers"),
    ok("users under a path", "iam:ListUsers", PathPrefix="/staff/"),
    no("a page of no user", "iam:ListUsers", "ValidationError", NONE_AT_ALL, MaxItems=0),
    ok("tags", "iam:TagUser", **ANN, Tags=[{"Key": "env", "Value": "test"}]),
    no("tags of nobody", "iam:TagUser", "NoSuchEntity", NO_USER, **GONE, Tags=[TAG]),
    no("a tag twice", "iam:TagUser", "InvalidInput", "Duplicate tag keys", **ANN,
       Tags=[TAG, {"Key": "Team", "Value": "red"}]),
    ok("the tags", "iam:ListUserTags", **ANN),
    no("nobody's tags", "iam:ListUserTags", "NoSuchEntity", NO_USER, **GONE),
    ok("a tag taken away", "iam:UntagUser", **ANN, TagKeys=["env"]),
    no("a tag taken from nobody", "iam:UntagUser", "NoSuchEntity", NO_USER, **GONE, TagKeys=["a"]),
    ok("another name and path", "iam:UpdateUser", **ANN, NewUserName="anna", NewPath="/"),
    no("another's name", "iam:UpdateUser", "EntityAlreadyExists",
       "User with name admin already exists.", UserName="anna", NewUserName="admin"),
    no("nobody's name", "iam:UpdateUser", "NoSuchEntity", NO_USER, **GONE, NewUserName="x"),
    no("its old name", "iam:DeleteUser", "NoSuchEntity",
       "The user with name ann cannot be found.", **ANN),
    ok("its end", "iam:DeleteUser", UserName="anna"),
)  # fmt: skip

POLICIES = scenario(
    "policies of a user",
    ok("a user", "iam:CreateUser", **ANN),
    ok("a managed policy", "iam:CreatePolicy", **READS),
    ok("an inline policy", "iam:PutUserPolicy", **ANN, **READS),
    no("one that is no policy", "iam:PutUserPolicy", "MalformedPolicyDocument",
       "Syntax errors in policy.", **ANN, PolicyName="x", PolicyDocument="{"),
    no("a policy of nobody", "iam:PutUserPolicy", "NoSuchEntity", NO_USER, **GONE, **READS),
    ok("the inline policy", "iam:GetUserPolicy", **ANN, PolicyName="reads"),
    no("another inline policy", "iam:GetUserPolicy", "NoSuchEntity",
       "The user policy with name x cannot be found.", **ANN, PolicyName="x"),
    ok("inline policies", "iam:ListUserPolicies", **ANN),
    no("nobody's inline policies", "iam:ListUserPolicies", "NoSuchEntity", NO_USER, **GONE),
    ok("a policy attached", "iam:AttachUserPolicy", **ANN, PolicyArn=POLICY),
    no("no such policy attached", "iam:AttachUserPolicy", "NoSuchEntity",
       f"Policy {POLICY}2 does not exist or is not attachable.", **ANN, PolicyArn=POLICY + "2"),
    ok("attached policies", "iam:ListAttachedUserPolicies", **ANN),
    no("nobody's attached policies", "iam:ListAttachedUserPolicies", "NoSuchEntity", NO_USER,
       **GONE),
    no("a user with policies deleted", "iam:DeleteUser", "DeleteConflict", "must", **ANN),
    ok("a policy detached", "iam:DetachUserPolicy", **ANN, PolicyArn=POLICY),
    no("detached again", "iam:DetachUserPolicy", "NoSuchEntity", "was not found", **ANN,
       PolicyArn=POLICY),
    ok("an inline policy deleted", "iam:DeleteUserPolicy", **ANN, PolicyName="reads"),
    no("deleted again", "iam:DeleteUserPolicy", "NoSuchEntity",
       "The user policy with name reads cannot be found.", **ANN, PolicyName="reads"),
    ok("a boundary", "iam:PutUserPermissionsBoundary", **ANN, PermissionsBoundary=POLICY),
    no("a boundary that is not there", "iam:PutUserPermissionsBoundary", "NoSuchEntity",
       "reads2", **ANN, PermissionsBoundary=POLICY + "2"),
    ok("a user with a boundary", "iam:GetUser", **ANN),
    ok("a boundary taken away", "iam:DeleteUserPermissionsBoundary", **ANN),
    no("nobody's boundary", "iam:DeleteUserPermissionsBoundary", "NoSuchEntity", NO_USER, **GONE),
)  # fmt: skip

GROUPS = scenario(
    "groups",
    ok("a user", "iam:CreateUser", **ANN),
    ok("a managed policy", "iam:CreatePolicy", **READS),
    ok("a group", "iam:CreateGroup", **TEAM, Path="/teams/"),
    no("a name that is taken", "iam:CreateGroup", "EntityAlreadyExists", "already exists.",
       GroupName="TEAM"),
    ok("a member", "iam:AddUserToGroup", **TEAM, **ANN),
    no("nobody as member", "iam:AddUserToGroup", "NoSuchEntity", NO_USER, **TEAM, **GONE),
    no("a member of no group", "iam:AddUserToGroup", "NoSuchEntity", NO_GROUP, **NO_TEAM, **ANN),
    ok("the group", "iam:GetGroup", **TEAM),
    no("no such group", "iam:GetGroup", "NoSuchEntity", NO_GROUP, **NO_TEAM),
    ok("all groups", "iam:ListGroups"),
    no("a page of no group", "iam:ListGroups", "ValidationError", NONE_AT_ALL, MaxItems=0),
    ok("a user's groups", "iam:ListGroupsForUser", **ANN),
    no("nobody's groups", "iam:ListGroupsForUser", "NoSuchEntity", NO_USER, **GONE),
    ok("an inline policy", "iam:PutGroupPolicy", **TEAM, **READS),
    no("one that is no policy", "iam:PutGroupPolicy", "MalformedPolicyDocument",
       "Syntax errors in policy.", **TEAM, PolicyName="x", PolicyDocument="[]"),
    ok("the inline policy", "iam:GetGroupPolicy", **TEAM, PolicyName="reads"),
    no("another inline policy", "iam:GetGroupPolicy", "NoSuchEntity",
       "The group policy with name x cannot be found.", **TEAM, PolicyName="x"),
    ok("inline policies", "iam:ListGroupPolicies", **TEAM),
    no("inline policies of no group", "iam:ListGroupPolicies", "NoSuchEntity", NO_GROUP, **NO_TEAM),
    ok("a policy attached", "iam:AttachGroupPolicy", **TEAM, PolicyArn=POLICY),
    no("no such policy attached", "iam:AttachGroupPolicy", "NoSuchEntity",
       "does not exist or is not attachable.", **TEAM, PolicyArn=POLICY + "2"),
    ok("attached policies", "iam:ListAttachedGroupPolicies", **TEAM),
    no("attached to no group", "iam:ListAttachedGroupPolicies", "NoSuchEntity", NO_GROUP,
       **NO_TEAM),
    no("a group with members deleted", "iam:DeleteGroup", "DeleteConflict", "must", **TEAM),
    ok("a policy detached", "iam:DetachGroupPolicy", **TEAM, PolicyArn=POLICY),
    no("detached again", "iam:DetachGroupPolicy", "NoSuchEntity", "was not found", **TEAM,
       PolicyArn=POLICY),
    ok("an inline policy deleted", "iam:DeleteGroupPolicy", **TEAM, PolicyName="reads"),
    no("deleted again", "iam:DeleteGroupPolicy", "NoSuchEntity",
       "The group policy with name reads cannot be found.", **TEAM, PolicyName="reads"),
    ok("a member that leaves", "iam:RemoveUserFromGroup", **TEAM, **ANN),
    no("nobody leaves", "iam:RemoveUserFromGroup", "NoSuchEntity", NO_USER, **TEAM, **GONE),
    ok("another name", "iam:UpdateGroup", **TEAM, NewGroupName="crew"),
    no("no group's name", "iam:UpdateGroup", "NoSuchEntity", NO_GROUP, **NO_TEAM,
       NewGroupName="x"),
    ok("its end", "iam:DeleteGroup", GroupName="crew"),
    no("its end again", "iam:DeleteGroup", "NoSuchEntity", "The group with name crew",
       GroupName="crew"),
)  # fmt: skip

NO_KEY = "AKIAIOSFODNN7EXAMPLE"
KEYS = scenario(
    "access keys",
    ok("a user", "iam:CreateUser", **ANN),
    ok("a key", "iam:CreateAccessKey", **ANN, keep="ann"),
    no("nobody's key", "iam:CreateAccessKey", "NoSuchEntity", NO_USER, **GONE),
    ok("a second key", "iam:CreateAccessKey", **ANN, keep="second"),
    no("a third key", "iam:CreateAccessKey", "LimitExceeded",
       "Cannot exceed quota for AccessKeysPerUser: 2", **ANN),
    ok("the user calls", "sts:GetCallerIdentity", by="ann", denied=""),
    ok("the keys", "iam:ListAccessKeys", **ANN),
    no("nobody's keys", "iam:ListAccessKeys", "NoSuchEntity", NO_USER, **GONE),
    ok("when a key was used", "iam:GetAccessKeyLastUsed",
       AccessKeyId="{second.AccessKey.AccessKeyId}"),
    no("when no key was used", "iam:GetAccessKeyLastUsed", "NoSuchEntity",
       f"The Access Key with id {NO_KEY} cannot be found", AccessKeyId=NO_KEY),
    ok("a key switched off", "iam:UpdateAccessKey", **ANN, Status="Inactive",
       AccessKeyId="{ann.AccessKey.AccessKeyId}"),
    no("no such key switched off", "iam:UpdateAccessKey", "NoSuchEntity",
       f"The Access Key with id {NO_KEY} cannot be found", **ANN, Status="Inactive",
       AccessKeyId=NO_KEY),
    no("the user calls with it", "sts:GetCallerIdentity", "InvalidClientTokenId",
       "The security token included in the request is invalid.", by="ann"),
    ok("a key deleted", "iam:DeleteAccessKey", **ANN, AccessKeyId="{ann.AccessKey.AccessKeyId}"),
    no("deleted again", "iam:DeleteAccessKey", "NoSuchEntity", "cannot be found", **ANN,
       AccessKeyId="{ann.AccessKey.AccessKeyId}"),
    no("a user with a key deleted", "iam:DeleteUser", "DeleteConflict",
       "Cannot delete entity, must delete access keys first.", **ANN),
)  # fmt: skip

PASSWORDS = scenario(
    "passwords",
    ok("a user", "iam:CreateUser", **ANN),
    ok("a password", "iam:CreateLoginProfile", **ANN, Password="Secret-of-Ann-7",
       PasswordResetRequired=True),
    no("a second one", "iam:CreateLoginProfile", "EntityAlreadyExists",
       "Login Profile for user ann already exists.", **ANN, Password="Secret-of-Ann-7"),
    no("nobody's password", "iam:CreateLoginProfile", "NoSuchEntity", NO_USER, **GONE,
       Password="Secret-of-Ann-7"),
    ok("that there is one", "iam:GetLoginProfile", **ANN),
    no("that nobody has one", "iam:GetLoginProfile", "NoSuchEntity", "cannot be found.", **GONE),
    no("the account's rules, not made yet", "iam:GetAccountPasswordPolicy", "NoSuchEntity",
       "cannot be found."),
    no("deleted before they were made", "iam:DeleteAccountPasswordPolicy", "NoSuchEntity",
       "cannot be found."),
    ok("rules", "iam:UpdateAccountPasswordPolicy", MinimumPasswordLength=12, RequireNumbers=True,
       MaxPasswordAge=90),
    no("passwords of five letters", "iam:UpdateAccountPasswordPolicy", "ValidationError",
       "Member must have value greater than or equal to 6", MinimumPasswordLength=5),
    ok("the rules", "iam:GetAccountPasswordPolicy"),
    ok("another password", "iam:UpdateLoginProfile", **ANN, Password="Another-of-Ann-8"),
    no("one that breaks the rules", "iam:UpdateLoginProfile", "PasswordPolicyViolation",
       "Password should have a minimum length of 12", **ANN, Password="Short-1"),
    no("a user with a password deleted", "iam:DeleteUser", "DeleteConflict",
       "Cannot delete entity, must delete login profile first.", **ANN),
    ok("no password", "iam:DeleteLoginProfile", **ANN),
    no("no password again", "iam:DeleteLoginProfile", "NoSuchEntity",
       "Login Profile for User ann cannot be found.", **ANN),
    ok("no rules", "iam:DeleteAccountPasswordPolicy"),
)  # fmt: skip

PHONE = f"arn:aws:iam::{A}:mfa/phone"
NO_PHONE = f"arn:aws:iam::{A}:mfa/gone"
SEED = "phone.VirtualMFADevice.Base32StringSeed"
PAIR = {"AuthenticationCode1": Code(seed=SEED, later=-1), "AuthenticationCode2": Code(seed=SEED)}
MFA = scenario(
    "MFA devices",
    ok("a user", "iam:CreateUser", **ANN),
    ok("a key", "iam:CreateAccessKey", **ANN, keep="ann"),
    ok("a policy", "iam:PutUserPolicy", **ANN, **READS),
    ok("a device", "iam:CreateVirtualMFADevice", VirtualMFADeviceName="phone", keep="phone"),
    no("a name that is taken", "iam:CreateVirtualMFADevice", "EntityAlreadyExists",
       "MFA device already exists.", VirtualMFADeviceName="phone"),
    ok("devices of nobody yet", "iam:ListVirtualMFADevices", AssignmentStatus="Unassigned"),
    no("a marker that is not one", "iam:ListVirtualMFADevices", "ValidationError",
       "Invalid Marker.", Marker="x"),
    no("wrong codes", "iam:EnableMFADevice", "InvalidAuthenticationCode",
       "Authentication code for device is not valid.", **ANN, SerialNumber=PHONE,
       AuthenticationCode1=Code(seed=SEED, later=-9), AuthenticationCode2=Code(seed=SEED)),
    ok("a user's device", "iam:EnableMFADevice", **ANN, SerialNumber=PHONE, **PAIR),
    no("a device that is another's", "iam:EnableMFADevice", "EntityAlreadyExists",
       "MFA Device is already in use.", UserName="admin", SerialNumber=PHONE, **PAIR),
    ok("the user's devices", "iam:ListMFADevices", **ANN),
    no("nobody's devices", "iam:ListMFADevices", "NoSuchEntity", NO_USER, **GONE),
    no("a device in use deleted", "iam:DeleteVirtualMFADevice", "DeleteConflict",
       "MFA VirtualDevice in use. Must deactivate first", SerialNumber=PHONE),
    later(90),
    ok("a session with a code", "sts:GetSessionToken", by="ann", SerialNumber=PHONE, denied="",
       TokenCode=Code(seed=SEED, later=3), keep="session"),
    no("the same code again", "sts:GetSessionToken", "AccessDenied",
       "MultiFactorAuthentication failed with invalid MFA one time pass code.", by="ann",
       SerialNumber=PHONE, TokenCode=Code(seed=SEED, later=3)),
    ok("the session calls", "sts:GetCallerIdentity", by="session", denied=""),
    ok("a device taken back", "iam:DeactivateMFADevice", **ANN, SerialNumber=PHONE),
    no("no such device taken back", "iam:DeactivateMFADevice", "NoSuchEntity", "does not exist.",
       **ANN, SerialNumber=NO_PHONE),
    ok("its end", "iam:DeleteVirtualMFADevice", SerialNumber=PHONE),
    no("the end of none", "iam:DeleteVirtualMFADevice", "NoSuchEntity",
       f"MFA Device with serial number {NO_PHONE} does not exist.", SerialNumber=NO_PHONE),
)  # fmt: skip

NO_SSH = {"SSHPublicKeyId": "APKAXXXXXXXXXXXXXXXXX"}
SSH = {"SSHPublicKeyId": "{key.SSHPublicKey.SSHPublicKeyId}"}
NO_SSH_KEY = "The Public Key with id APKAXXXXXXXXXXXXXXXXX cannot be found."
SSH_KEYS = scenario(
    "SSH keys",
    ok("a user", "iam:CreateUser", **ANN),
    ok("a key", "iam:UploadSSHPublicKey", **ANN, SSHPublicKeyBody=certificates.SSH_KEY, keep="key"),
    no("the same key", "iam:UploadSSHPublicKey", "DuplicateSSHPublicKey",
       "The SSH public key is already associated with the specified user.", **ANN,
       SSHPublicKeyBody=certificates.SSH_KEY),
    no("no key", "iam:UploadSSHPublicKey", "UnrecognizedPublicKeyEncoding",
       "The public key must be in ssh-rsa or PEM format.", **ANN, SSHPublicKeyBody="hello"),
    ok("the key", "iam:GetSSHPublicKey", **ANN, **SSH, Encoding="PEM"),
    no("no such key", "iam:GetSSHPublicKey", "NoSuchEntity", NO_SSH_KEY, **ANN, **NO_SSH,
       Encoding="SSH"),
    ok("the keys", "iam:ListSSHPublicKeys", **ANN),
    no("nobody's keys", "iam:ListSSHPublicKeys", "NoSuchEntity", NO_USER, **GONE),
    ok("a key switched off", "iam:UpdateSSHPublicKey", **ANN, **SSH, Status="Inactive"),
    no("no such key switched off", "iam:UpdateSSHPublicKey", "NoSuchEntity", NO_SSH_KEY, **ANN,
       **NO_SSH, Status="Inactive"),
    ok("a key deleted", "iam:DeleteSSHPublicKey", **ANN, **SSH),
    no("no such key deleted", "iam:DeleteSSHPublicKey", "NoSuchEntity", NO_SSH_KEY, **ANN,
       **NO_SSH),
)  # fmt: skip

NO_CERTIFICATE = {"CertificateId": "NONEXISTENTCERTID12345678901"}
CERTIFICATE = {"CertificateId": "{one.Certificate.CertificateId}"}
GONE_CERTIFICATE = "The Certificate with id NONEXISTENTCERTID12345678901 cannot be found."
SIGNING = scenario(
    "signing certificates",
    ok("a user", "iam:CreateUser", **ANN),
    ok("a certificate", "iam:UploadSigningCertificate", **ANN, CertificateBody=certificates.ONE,
       keep="one"),
    ok("a second one", "iam:UploadSigningCertificate", **ANN, CertificateBody=certificates.TWO),
    no("a third one", "iam:UploadSigningCertificate", "LimitExceeded",
       "Cannot exceed quota for CertificatesPerUser: 2", **ANN, CertificateBody=certificates.THREE),
    no("no certificate", "iam:UploadSigningCertificate", "MalformedCertificate",
       "Certificate hello is malformed.", **ANN, CertificateBody="hello"),
    ok("a certificate switched off", "iam:UpdateSigningCertificate", **ANN, **CERTIFICATE,
       Status="Inactive"),
    no("no such certificate switched off", "iam:UpdateSigningCertificate", "NoSuchEntity",
       GONE_CERTIFICATE, **ANN, **NO_CERTIFICATE, Status="Inactive"),
    ok("the certificates", "iam:ListSigningCertificates", **ANN),
    no("nobody's certificates", "iam:ListSigningCertificates", "NoSuchEntity", NO_USER, **GONE),
    ok("a certificate deleted", "iam:DeleteSigningCertificate", **ANN, **CERTIFICATE),
    no("no such certificate deleted", "iam:DeleteSigningCertificate", "NoSuchEntity",
       GONE_CERTIFICATE, **ANN, **NO_CERTIFICATE),
)  # fmt: skip

GIT = {"ServiceName": "codecommit.amazonaws.com"}
CREDENTIAL = {
    "ServiceSpecificCredentialId": "{git.ServiceSpecificCredential.ServiceSpecificCredentialId}"
}
NO_CREDENTIAL = {"ServiceSpecificCredentialId": "satisfiesregexbutstillinvalid"}
GONE_CREDENTIAL = "No such credential satisfiesregexbutstillinvalid exists"
SERVICE_CREDENTIALS = scenario(
    "service-specific credentials",
    ok("a user", "iam:CreateUser", **ANN),
    ok("a credential", "iam:CreateServiceSpecificCredential", **ANN, **GIT, keep="git"),
    no("of a service that has none", "iam:CreateServiceSpecificCredential", "NoSuchEntity",
       "No such service lambda.amazonaws.com is supported", **ANN,
       ServiceName="lambda.amazonaws.com"),
    ok("one that ends", "iam:CreateServiceSpecificCredential", **ANN, CredentialAgeDays=30,
       ServiceName="bedrock.amazonaws.com"),
    ok("the credentials", "iam:ListServiceSpecificCredentials", **ANN),
    ok("everybody's credentials", "iam:ListServiceSpecificCredentials", AllUsers=True),
    no("nobody's credentials", "iam:ListServiceSpecificCredentials", "NoSuchEntity", NO_USER,
       **GONE),
    ok("another password", "iam:ResetServiceSpecificCredential", **ANN, **CREDENTIAL),
    no("another password of none", "iam:ResetServiceSpecificCredential", "NoSuchEntity",
       GONE_CREDENTIAL, **ANN, **NO_CREDENTIAL),
    ok("switched off", "iam:UpdateServiceSpecificCredential", **ANN, **CREDENTIAL,
       Status="Inactive"),
    no("none switched off", "iam:UpdateServiceSpecificCredential", "NoSuchEntity", GONE_CREDENTIAL,
       **ANN, **NO_CREDENTIAL, Status="Inactive"),
    ok("deleted", "iam:DeleteServiceSpecificCredential", **ANN, **CREDENTIAL),
    no("none deleted", "iam:DeleteServiceSpecificCredential", "NoSuchEntity", GONE_CREDENTIAL,
       **ANN, **NO_CREDENTIAL),
)  # fmt: skip

SCENARIOS = (
    USERS,
    POLICIES,
    GROUPS,
    KEYS,
    PASSWORDS,
    MFA,
    SSH_KEYS,
    SIGNING,
    SERVICE_CREDENTIALS,
)
