"""A corpus of API calls: every operation that the sandbox serves, with what each call ends with."""

from tests.sandbox.corpus import cloudtrail, ecr, iam_roles, iam_users, organizations, sts
from tests.sandbox.corpus.steps import Scenario

SCENARIOS: tuple[Scenario, ...] = (
    *iam_users.SCENARIOS,
    *iam_roles.SCENARIOS,
    *sts.SCENARIOS,
    *ecr.SCENARIOS,
    *cloudtrail.SCENARIOS,
    *organizations.SCENARIOS,
)
