"""Calls that are not the learner's: what they are sent with, and what AWS answers.

They are marked as a check's, so that explain() and predict() pass them over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .answers import CHECK_AGENT, Answer


def inner_session(profile: str | None = None) -> Any:
    """Return a botocore session whose calls are marked, the AssumeRole of a profile included."""
    import botocore.session  # 110 ms

    session = botocore.session.Session(profile=profile)
    session.user_agent_extra = CHECK_AGENT
    return session


def attempt(make: Callable[[], Any]) -> Answer:
    """Make a call; a refusal is an answer, too."""
    from botocore.exceptions import BotoCoreError, ClientError  # 10 ms

    try:
        return Answer(value=make())
    except BotoCoreError as error:  # a profile that does not exist, or leads nowhere
        return Answer(code=type(error).__name__, message=str(error))
    except ClientError as error:
        detail = error.response["Error"]
        return Answer(
            code=detail["Code"],
            message=detail["Message"],
            request_id=error.response.get("ResponseMetadata", {}).get("RequestId", ""),
        )
