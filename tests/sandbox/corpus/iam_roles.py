"""Roles, instance profiles, managed policies, and the account as a whole."""

from __future__ import annotations

from tests.sandbox.corpus import certificates
from tests.sandbox.corpus.steps import later, no, ok, scenario
from tests.sandboxes import A, B, allow, deny, trust

NO_ROLE = "The role with name gone cannot be found."
WORKER = {"RoleName": "worker"}
GONE = {"RoleName": "gone"}
POLICY = f"arn:aws:iam::{A}:policy/reads"
NO_POLICY = POLICY + "2"
READS = {"PolicyName": "reads", "PolicyDocument": allow("ecr:Describe*")}
TAG = {"Key": "team", "Value": "blue"}
NONE_AT_ALL = "Member must have value greater than or equal to 1"
ECS = "ecs.amazonaws.com"
OF_ECS = {"RoleName": "AWSServiceRoleForECS"}
PROTECTED = "this role is only modifiable by AWS"

ROLES = scenario(
    "roles",
    ok("a role", "iam:CreateRole", **WORKER, AssumeRolePolicyDocument=trust(B), Path="/crew/",
       Description="works", MaxSessionDuration=7200, Tags=[TAG]),
    no("a name that is taken", "iam:CreateRole", "EntityAlreadyExists",
       "Role with name Worker already exists.", RoleName="Worker",
       AssumeRolePolicyDocument=trust(B)),
    no("a trust in nobody", "iam:CreateRole", "MalformedPolicyDocument",
       "Invalid principal in policy", **GONE,
       AssumeRolePolicyDocument=trust(f"arn:aws:iam::{A}:user/gone")),
    no("neither name nor trust", "iam:CreateRole", "ValidationError",
       "2 validation errors detected"),
    ok("the role", "iam:GetRole", **WORKER),
    no("no such role", "iam:GetRole", "NoSuchEntity", NO_ROLE, **GONE),
    ok("all roles", "iam:ListRoles"),
    ok("a second role", "iam:CreateRole", RoleName="rester", AssumeRolePolicyDocument=trust(A)),
    ok("the first of the roles", "iam:ListRoles", MaxItems=1, keep="page"),
    ok("the others", "iam:ListRoles", Marker="{page.Marker}"),
    ok("roles under a path", "iam:ListRoles", PathPrefix="/crew/"),
    no("a page of no role", "iam:ListRoles", "ValidationError", NONE_AT_ALL, MaxItems=0),
    ok("another description and duration", "iam:UpdateRole", **WORKER, Description="rests",
       MaxSessionDuration=3600),
    no("no such role changed", "iam:UpdateRole", "NoSuchEntity", NO_ROLE, **GONE),
    ok("another description", "iam:UpdateRoleDescription", **WORKER, Description="sleeps"),
    no("no such role described", "iam:UpdateRoleDescription", "NoSuchEntity", NO_ROLE, **GONE,
       Description="x"),
    ok("another trust", "iam:UpdateAssumeRolePolicy", **WORKER, PolicyDocument=trust([A, B])),
    no("a trust that is not one", "iam:UpdateAssumeRolePolicy", "MalformedPolicyDocument",
       "This policy contains invalid Json", **WORKER, PolicyDocument="{"),
    ok("tags", "iam:TagRole", **WORKER, Tags=[{"Key": "env", "Value": "test"}]),
    no("tags of no role", "iam:TagRole", "NoSuchEntity", NO_ROLE, **GONE, Tags=[TAG]),
    ok("the tags", "iam:ListRoleTags", **WORKER),
    no("no role's tags", "iam:ListRoleTags", "NoSuchEntity", NO_ROLE, **GONE),
    ok("a tag taken away", "iam:UntagRole", **WORKER, TagKeys=["env"]),
    no("a tag taken from no role", "iam:UntagRole", "NoSuchEntity", NO_ROLE, **GONE,
       TagKeys=["env"]),
    ok("its end", "iam:DeleteRole", **WORKER),
    no("its end again", "iam:DeleteRole", "NoSuchEntity",
       "The role with name worker cannot be found.", **WORKER),
)  # fmt: skip

POLICIES = scenario(
    "policies of a role",
    ok("a role", "iam:CreateRole", **WORKER, AssumeRolePolicyDocument=trust(A)),
    ok("a managed policy", "iam:CreatePolicy", **READS),
    ok("an inline policy", "iam:PutRolePolicy", **WORKER, **READS),
    no("one that is no policy", "iam:PutRolePolicy", "MalformedPolicyDocument",
       "Policy document should not specify a principal.", **WORKER, PolicyName="x",
       PolicyDocument=allow("s3:*", Principal={"AWS": A})),
    no("a policy of no role", "iam:PutRolePolicy", "NoSuchEntity", NO_ROLE, **GONE, **READS),
    ok("the inline policy", "iam:GetRolePolicy", **WORKER, PolicyName="reads"),
    no("another inline policy", "iam:GetRolePolicy", "NoSuchEntity",
       "The role policy with name x cannot be found.", **WORKER, PolicyName="x"),
    ok("inline policies", "iam:ListRolePolicies", **WORKER),
    no("no role's inline policies", "iam:ListRolePolicies", "NoSuchEntity", NO_ROLE, **GONE),
    ok("a policy attached", "iam:AttachRolePolicy", **WORKER, PolicyArn=POLICY),
    no("what is no ARN attached", "iam:AttachRolePolicy", "ValidationError", "Invalid ARN",
       **WORKER, PolicyArn="AdministratorAccess123"),
    no("no such policy attached", "iam:AttachRolePolicy", "NoSuchEntity",
       f"Policy {NO_POLICY} does not exist or is not attachable.", **WORKER, PolicyArn=NO_POLICY),
    ok("attached policies", "iam:ListAttachedRolePolicies", **WORKER),
    no("attached to no role", "iam:ListAttachedRolePolicies", "NoSuchEntity", NO_ROLE, **GONE),
    no("a role with policies deleted", "iam:DeleteRole", "DeleteConflict", "must", **WORKER),
    ok("a policy detached", "iam:DetachRolePolicy", **WORKER, PolicyArn=POLICY),
    no("detached again", "iam:DetachRolePolicy", "NoSuchEntity", "was not found", **WORKER,
       PolicyArn=POLICY),
    ok("an inline policy deleted", "iam:DeleteRolePolicy", **WORKER, PolicyName="reads"),
    no("deleted again", "iam:DeleteRolePolicy", "NoSuchEntity",
       "The role policy with name reads cannot be found.", **WORKER, PolicyName="reads"),
    ok("a boundary", "iam:PutRolePermissionsBoundary", **WORKER, PermissionsBoundary=POLICY),
    no("a boundary that is not there", "iam:PutRolePermissionsBoundary", "NoSuchEntity",
       NO_POLICY, **WORKER, PermissionsBoundary=NO_POLICY),
    ok("a role with a boundary", "iam:GetRole", **WORKER),
    no("a boundary deleted as a policy", "iam:DeletePolicy", "DeleteConflict",
       "Cannot delete a policy attached to entities.", PolicyArn=POLICY),
    ok("a boundary taken away", "iam:DeleteRolePermissionsBoundary", **WORKER),
    no("no role's boundary", "iam:DeleteRolePermissionsBoundary", "NoSuchEntity", NO_ROLE, **GONE),
)  # fmt: skip

PROFILE = {"InstanceProfileName": "node"}
NO_PROFILE = {"InstanceProfileName": "gone"}
GONE_PROFILE = "Instance Profile gone cannot be found."
PROFILES = scenario(
    "instance profiles",
    ok("a role", "iam:CreateRole", **WORKER,
       AssumeRolePolicyDocument=trust({"Service": "ec2.amazonaws.com"})),
    ok("a profile", "iam:CreateInstanceProfile", **PROFILE, Path="/machines/", Tags=[TAG]),
    no("a name that is taken", "iam:CreateInstanceProfile", "EntityAlreadyExists",
       "Instance Profile Node already exists.", InstanceProfileName="Node"),
    ok("a role in it", "iam:AddRoleToInstanceProfile", **PROFILE, **WORKER),
    no("a second role in it", "iam:AddRoleToInstanceProfile", "LimitExceeded",
       "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1", **PROFILE, **WORKER),
    ok("the profile", "iam:GetInstanceProfile", **PROFILE),
    no("no such profile", "iam:GetInstanceProfile", "NoSuchEntity", GONE_PROFILE, **NO_PROFILE),
    ok("all profiles", "iam:ListInstanceProfiles"),
    no("a page of no profile", "iam:ListInstanceProfiles", "ValidationError", NONE_AT_ALL,
       MaxItems=0),
    ok("a role's profiles", "iam:ListInstanceProfilesForRole", **WORKER),
    no("no role's profiles", "iam:ListInstanceProfilesForRole", "NoSuchEntity", NO_ROLE, **GONE),
    ok("tags", "iam:TagInstanceProfile", **PROFILE, Tags=[{"Key": "env", "Value": "test"}]),
    no("tags of no profile", "iam:TagInstanceProfile", "NoSuchEntity", GONE_PROFILE, **NO_PROFILE,
       Tags=[TAG]),
    ok("its tags", "iam:ListInstanceProfileTags", **PROFILE),
    ok("a page of its tags", "iam:ListInstanceProfileTags", **PROFILE, MaxItems=1),
    ok("the next page of them", "iam:ListInstanceProfileTags", **PROFILE, Marker="1"),
    no("no profile's tags", "iam:ListInstanceProfileTags", "NoSuchEntity", GONE_PROFILE,
       **NO_PROFILE),
    ok("a tag taken away", "iam:UntagInstanceProfile", **PROFILE, TagKeys=["env"]),
    no("a tag taken from no profile", "iam:UntagInstanceProfile", "NoSuchEntity", GONE_PROFILE,
       **NO_PROFILE, TagKeys=["env"]),
    no("a profile deleted with its role", "iam:DeleteInstanceProfile", "DeleteConflict",
       "Cannot delete entity, must remove roles from instance profile first.", **PROFILE),
    ok("a role taken out", "iam:RemoveRoleFromInstanceProfile", **PROFILE, **WORKER),
    no("taken out again", "iam:RemoveRoleFromInstanceProfile", "NoSuchEntity",
       "The role with name worker cannot be found.", **PROFILE,
       **WORKER),
    ok("its end", "iam:DeleteInstanceProfile", **PROFILE),
    no("the end of none", "iam:DeleteInstanceProfile", "NoSuchEntity", GONE_PROFILE, **NO_PROFILE),
)  # fmt: skip

SERVICE_LINKED = scenario(
    "service-linked roles",
    ok("a role", "iam:CreateServiceLinkedRole", AWSServiceName=ECS, Description="for tasks"),
    no("a second one", "iam:CreateServiceLinkedRole", "InvalidInput",
       "has been taken in this account", AWSServiceName=ECS),
    no("changed like any other", "iam:UpdateRole", "UnmodifiableEntity", PROTECTED, **OF_ECS,
       MaxSessionDuration=7200),
    no("a policy attached", "iam:AttachRolePolicy", "UnmodifiableEntity", PROTECTED, **OF_ECS,
       PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess"),
    no("deleted like any other", "iam:DeleteRole", "UnmodifiableEntity", PROTECTED, **OF_ECS),
    ok("its end", "iam:DeleteServiceLinkedRole", **OF_ECS, keep="task"),
    no("the end of none", "iam:DeleteServiceLinkedRole", "NoSuchEntity", NO_ROLE, **GONE),
    ok("how its end went", "iam:GetServiceLinkedRoleDeletionStatus",
       DeletionTaskId="{task.DeletionTaskId}"),
    no("how no end went", "iam:GetServiceLinkedRoleDeletionStatus", "NoSuchEntity",
       "Deletion task task/aws-service-role/ecs.amazonaws.com/",
       DeletionTaskId=f"task/aws-service-role/{ECS}/AWSServiceRoleForECS/"
       "00000000-0000-0000-0000-000000000000"),
)  # fmt: skip

GONE_POLICY = f"Policy {NO_POLICY} was not found."
MANAGED = scenario(
    "managed policies",
    ok("a policy", "iam:CreatePolicy", **READS, Path="/", Description="reads", Tags=[TAG]),
    no("a name that is taken", "iam:CreatePolicy", "EntityAlreadyExists",
       "A policy called reads already exists.", **READS),
    no("what is no policy", "iam:CreatePolicy", "MalformedPolicyDocument",
       "Syntax errors in policy.", PolicyName="x", PolicyDocument="{}"),
    ok("the policy", "iam:GetPolicy", PolicyArn=POLICY),
    ok("a policy of AWS's", "iam:GetPolicy", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess"),
    no("no such policy", "iam:GetPolicy", "NoSuchEntity", GONE_POLICY, PolicyArn=NO_POLICY),
    ok("the account's policies", "iam:ListPolicies", Scope="Local"),
    no("a page of no policy", "iam:ListPolicies", "ValidationError", NONE_AT_ALL, MaxItems=0),
    ok("a second version", "iam:CreatePolicyVersion", PolicyArn=POLICY,
       PolicyDocument=allow("ecr:Get*"), SetAsDefault=True),
    no("a version of no policy", "iam:CreatePolicyVersion", "NoSuchEntity", GONE_POLICY,
       PolicyArn=NO_POLICY, PolicyDocument=allow("ecr:Get*")),
    ok("a version", "iam:GetPolicyVersion", PolicyArn=POLICY, VersionId="v2"),
    no("no such version", "iam:GetPolicyVersion", "NoSuchEntity", "v9", PolicyArn=POLICY,
       VersionId="v9"),
    ok("the versions", "iam:ListPolicyVersions", PolicyArn=POLICY),
    no("versions of no policy", "iam:ListPolicyVersions", "NoSuchEntity", GONE_POLICY,
       PolicyArn=NO_POLICY),
    no("the version that applies deleted", "iam:DeletePolicyVersion", "DeleteConflict",
       "Cannot delete the default version of a policy.", PolicyArn=POLICY, VersionId="v2"),
    ok("the first version applies", "iam:SetDefaultPolicyVersion", PolicyArn=POLICY,
       VersionId="v1"),
    no("no such version applies", "iam:SetDefaultPolicyVersion", "NoSuchEntity", "v9",
       PolicyArn=POLICY, VersionId="v9"),
    ok("a version deleted", "iam:DeletePolicyVersion", PolicyArn=POLICY, VersionId="v2"),
    ok("tags", "iam:TagPolicy", PolicyArn=POLICY, Tags=[{"Key": "env", "Value": "test"}]),
    no("tags of no policy", "iam:TagPolicy", "NoSuchEntity", GONE_POLICY, PolicyArn=NO_POLICY,
       Tags=[TAG]),
    ok("the tags", "iam:ListPolicyTags", PolicyArn=POLICY),
    no("no policy's tags", "iam:ListPolicyTags", "NoSuchEntity", GONE_POLICY, PolicyArn=NO_POLICY),
    ok("a tag taken away", "iam:UntagPolicy", PolicyArn=POLICY, TagKeys=["env"]),
    no("a tag taken from no policy", "iam:UntagPolicy", "NoSuchEntity", GONE_POLICY,
       PolicyArn=NO_POLICY, TagKeys=["env"]),
    ok("a role", "iam:CreateRole", **WORKER, AssumeRolePolicyDocument=trust(A)),
    ok("the policy attached", "iam:AttachRolePolicy", **WORKER, PolicyArn=POLICY),
    ok("whom it is attached to", "iam:ListEntitiesForPolicy", PolicyArn=POLICY),
    no("whom no policy is attached to", "iam:ListEntitiesForPolicy", "NoSuchEntity", GONE_POLICY,
       PolicyArn=NO_POLICY),
    no("an attached policy deleted", "iam:DeletePolicy", "DeleteConflict",
       "Cannot delete a policy attached to entities.", PolicyArn=POLICY),
    ok("the policy detached", "iam:DetachRolePolicy", **WORKER, PolicyArn=POLICY),
    ok("its end", "iam:DeletePolicy", PolicyArn=POLICY),
    no("the end of none", "iam:DeletePolicy", "NoSuchEntity", GONE_POLICY, PolicyArn=NO_POLICY),
)  # fmt: skip

ACCOUNT = scenario(
    "the account",
    ok("an alias", "iam:CreateAccountAlias", AccountAlias="our-lab"),
    no("an alias with capitals", "iam:CreateAccountAlias", "ValidationError", "accountAlias",
       AccountAlias="Our-Lab"),
    ok("the aliases", "iam:ListAccountAliases"),
    no("a page of no alias", "iam:ListAccountAliases", "ValidationError", NONE_AT_ALL, MaxItems=0),
    ok("no alias", "iam:DeleteAccountAlias", AccountAlias="our-lab"),
    no("what is no alias taken away", "iam:DeleteAccountAlias", "ValidationError",
       "accountAlias", AccountAlias="Our-Lab"),
    ok("a role", "iam:CreateRole", **WORKER, AssumeRolePolicyDocument=trust(A)),
    ok("its policy", "iam:PutRolePolicy", **WORKER, **READS),
    ok("what there is, counted", "iam:GetAccountSummary"),
    ok("roles and users in full", "iam:GetAccountAuthorizationDetails", Filter=["Role", "User"]),
    no("a page of nothing", "iam:GetAccountAuthorizationDetails", "ValidationError", NONE_AT_ALL,
       MaxItems=0),
    no("a report before it was made", "iam:GetCredentialReport", "ReportNotPresent", ""),
    ok("a report begun", "iam:GenerateCredentialReport"),
    ok("a report made", "iam:GenerateCredentialReport"),
    ok("the report", "iam:GetCredentialReport"),
    later(5 * 3600),
    no("a report that is too old", "iam:GetCredentialReport", "ReportExpired", ""),
)  # fmt: skip

SITE = {"ServerCertificateName": "site"}
NO_SITE = {"ServerCertificateName": "gone"}
CERTIFICATE = {"CertificateBody": certificates.LEAF, "PrivateKey": certificates.private_key(2)}
GONE_SITE = "The Server Certificate with name gone cannot be found."
SERVER_CERTIFICATES = scenario(
    "server certificates",
    ok("a certificate", "iam:UploadServerCertificate", **SITE, **CERTIFICATE, Path="/web/",
       CertificateChain=certificates.ROOT, Tags=[TAG]),
    no("a name that is taken", "iam:UploadServerCertificate", "EntityAlreadyExists",
       "The Server Certificate with name SITE already exists.", ServerCertificateName="SITE",
       **CERTIFICATE),
    no("another's key", "iam:UploadServerCertificate", "KeyPairMismatch",
       "The private key does not match the certificate.", **NO_SITE,
       CertificateBody=certificates.LEAF, PrivateKey=certificates.private_key(3)),
    no("no certificate", "iam:UploadServerCertificate", "MalformedCertificate",
       "Unable to parse certificate.", **NO_SITE, CertificateBody="site.pem",
       PrivateKey=certificates.private_key(2)),
    ok("the certificate", "iam:GetServerCertificate", **SITE),
    no("no such certificate", "iam:GetServerCertificate", "NoSuchEntity", GONE_SITE, **NO_SITE),
    ok("all certificates", "iam:ListServerCertificates", PathPrefix="/web/"),
    no("a page of no certificate", "iam:ListServerCertificates", "ValidationError", NONE_AT_ALL,
       MaxItems=0),
    ok("its end", "iam:DeleteServerCertificate", **SITE),
    no("the end of none", "iam:DeleteServerCertificate", "NoSuchEntity", GONE_SITE, **NO_SITE),
)  # fmt: skip

IDP = {"SAMLProviderArn": f"arn:aws:iam::{A}:saml-provider/idp"}
NO_IDP = {"SAMLProviderArn": f"arn:aws:iam::{A}:saml-provider/gone"}
GONE_IDP = "Manifest not found for arn"
METADATA = certificates.metadata("https://idp.example.com/saml")
SAML = scenario(
    "SAML providers",
    ok("a provider", "iam:CreateSAMLProvider", Name="idp", SAMLMetadataDocument=METADATA),
    no("a name that is taken", "iam:CreateSAMLProvider", "EntityAlreadyExists",
       "Provider with name IDP already exists.", Name="IDP", SAMLMetadataDocument=METADATA),
    no("what is no metadata", "iam:CreateSAMLProvider", "InvalidInput", "Could not parse metadata",
       Name="x", SAMLMetadataDocument="x" * 1000),
    ok("the provider", "iam:GetSAMLProvider", **IDP),
    no("no such provider", "iam:GetSAMLProvider", "NoSuchEntity", GONE_IDP, **NO_IDP),
    ok("all providers", "iam:ListSAMLProviders"),
    ok("other metadata", "iam:UpdateSAMLProvider", **IDP,
       SAMLMetadataDocument=certificates.metadata("https://new.example.com/saml")),
    no("other metadata of none", "iam:UpdateSAMLProvider", "NoSuchEntity", GONE_IDP, **NO_IDP,
       SAMLMetadataDocument=METADATA),
    ok("its end", "iam:DeleteSAMLProvider", **IDP),
    no("the end of none", "iam:DeleteSAMLProvider", "NoSuchEntity", GONE_IDP, **NO_IDP),
)  # fmt: skip

OIDC = {"OpenIDConnectProviderArn": f"arn:aws:iam::{A}:oidc-provider/oidc.example.org/id/1"}
NO_OIDC = {"OpenIDConnectProviderArn": f"arn:aws:iam::{A}:oidc-provider/oidc.example.org/gone"}
GONE_OIDC = "OpenIDConnect Provider not found for arn"
OIDC_PROVIDERS = scenario(
    "OIDC providers",
    ok("a provider", "iam:CreateOpenIDConnectProvider", Url="https://oidc.example.org/id/1",
       ClientIDList=["sts.amazonaws.com"], ThumbprintList=["a" * 40], Tags=[TAG]),
    no("a URL that is there", "iam:CreateOpenIDConnectProvider", "EntityAlreadyExists",
       "already exists.", Url="https://oidc.example.org/id/1"),
    no("a URL without TLS", "iam:CreateOpenIDConnectProvider", "InvalidInput",
       "The URL must begin with https://.", Url="http://oidc.example.org"),
    ok("the provider", "iam:GetOpenIDConnectProvider", **OIDC),
    no("no such provider", "iam:GetOpenIDConnectProvider", "NoSuchEntity", GONE_OIDC, **NO_OIDC),
    ok("all providers", "iam:ListOpenIDConnectProviders"),
    ok("a client", "iam:AddClientIDToOpenIDConnectProvider", **OIDC, ClientID="other"),
    no("a client of none", "iam:AddClientIDToOpenIDConnectProvider", "NoSuchEntity", GONE_OIDC,
       **NO_OIDC, ClientID="other"),
    ok("a client less", "iam:RemoveClientIDFromOpenIDConnectProvider", **OIDC, ClientID="other"),
    no("a client less of none", "iam:RemoveClientIDFromOpenIDConnectProvider", "NoSuchEntity",
       GONE_OIDC, **NO_OIDC, ClientID="other"),
    ok("another thumbprint", "iam:UpdateOpenIDConnectProviderThumbprint", **OIDC,
       ThumbprintList=["b" * 40]),
    no("another thumbprint of none", "iam:UpdateOpenIDConnectProviderThumbprint", "NoSuchEntity",
       GONE_OIDC, **NO_OIDC, ThumbprintList=["b" * 40]),
    ok("tags", "iam:TagOpenIDConnectProvider", **OIDC, Tags=[{"Key": "env", "Value": "test"}]),
    no("tags of none", "iam:TagOpenIDConnectProvider", "NoSuchEntity", GONE_OIDC, **NO_OIDC,
       Tags=[TAG]),
    ok("the tags", "iam:ListOpenIDConnectProviderTags", **OIDC),
    no("none's tags", "iam:ListOpenIDConnectProviderTags", "NoSuchEntity", GONE_OIDC, **NO_OIDC),
    ok("a tag taken away", "iam:UntagOpenIDConnectProvider", **OIDC, TagKeys=["env"]),
    no("a tag taken from none", "iam:UntagOpenIDConnectProvider", "NoSuchEntity", GONE_OIDC,
       **NO_OIDC, TagKeys=["env"]),
    ok("its end", "iam:DeleteOpenIDConnectProvider", **OIDC),
    ok("the end of none is no error", "iam:DeleteOpenIDConnectProvider", **NO_OIDC),
    no("the end of what is no provider", "iam:DeleteOpenIDConnectProvider", "ValidationError",
       "1 validation error detected: Value", OpenIDConnectProviderArn="x"),
)  # fmt: skip

ROLE = f"arn:aws:iam::{A}:role/worker"
SIMULATOR = scenario(
    "the policy simulator",
    ok("a role", "iam:CreateRole", **WORKER, AssumeRolePolicyDocument=trust(A)),
    ok("its policy", "iam:PutRolePolicy", **WORKER, PolicyName="own", PolicyDocument=allow(
        "ecr:*", Condition={"StringEquals": {"aws:PrincipalTag/team": "blue"}})),
    ok("what the role may", "iam:SimulatePrincipalPolicy", PolicySourceArn=ROLE,
       ActionNames=["ecr:ListImages", "s3:GetObject"]),
    ok("what it may with a tag", "iam:SimulatePrincipalPolicy", PolicySourceArn=ROLE,
       ActionNames=["ecr:ListImages"], ContextEntries=[
           {"ContextKeyName": "aws:PrincipalTag/team", "ContextKeyValues": ["blue"],
            "ContextKeyType": "string"}]),
    no("what nobody may", "iam:SimulatePrincipalPolicy", "NoSuchEntity",
       "The role with name gone cannot be found.",
       PolicySourceArn=f"arn:aws:iam::{A}:role/gone", ActionNames=["ecr:ListImages"]),
    ok("what a policy allows", "iam:SimulateCustomPolicy",
       PolicyInputList=[allow("ecr:*"), deny("ecr:Delete*")],
       ActionNames=["ecr:ListImages", "ecr:DeleteRepository", "s3:GetObject"]),
    no("what no policy allows", "iam:SimulateCustomPolicy", "InvalidInput",
       "Invalid policy input: Syntax errors in policy.",
       PolicyInputList=["{"], ActionNames=["ecr:ListImages"]),
    ok("the keys of a policy", "iam:GetContextKeysForCustomPolicy", PolicyInputList=[
        allow("*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})]),
    no("the keys of no policy", "iam:GetContextKeysForCustomPolicy", "InvalidInput",
       "Invalid policy input: Syntax errors in policy.", PolicyInputList=["{"]),
    ok("the keys of a role's policies", "iam:GetContextKeysForPrincipalPolicy",
       PolicySourceArn=ROLE),
    no("the keys of nobody's policies", "iam:GetContextKeysForPrincipalPolicy", "NoSuchEntity",
       "The role with name gone cannot be found.", PolicySourceArn=f"arn:aws:iam::{A}:role/gone"),
)  # fmt: skip

SCENARIOS = (
    ROLES,
    POLICIES,
    PROFILES,
    SERVICE_LINKED,
    MANAGED,
    ACCOUNT,
    SERVER_CERTIFICATES,
    SAML,
    OIDC_PROVIDERS,
    SIMULATOR,
)
