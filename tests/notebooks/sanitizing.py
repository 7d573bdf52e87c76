"""nbval's sanitizing, for other programs: the named rules of sanitize.cfg, in order."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

RULES_FILE = Path(__file__).with_name("sanitize.cfg")


def rules() -> dict[str, tuple[re.Pattern[str], str]]:
    """Name to (pattern, replacement), read as nbval reads them."""
    parser = configparser.RawConfigParser()
    parser.read(RULES_FILE)
    return {
        name: (re.compile(parser[name]["regex"]), parser[name]["replace"])
        for name in parser.sections()
    }


def sanitize(text: str) -> str:
    """The text with everything that varies replaced."""
    for pattern, replacement in rules().values():
        text = pattern.sub(replacement, text)
    return text
