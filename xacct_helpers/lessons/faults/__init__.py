"""Notebook 13: a company that is broken by a seed, found out with the course's tools, and mended.

world.py       every document as it should be
deployment.py  the program that is to pull the image
fault.py, caller_side.py, owner_side.py, program_side.py, catalogue.py   what can be wrong
planting.py    a world made real, by the administrators' calls
contract.py    who may and who must not, asked by real calls
proving.py     that a fault is one, and can be mended
game.py        what the learner sees; records.py keeps it
"""

from .game import Broken, break_accounts

__all__ = ["Broken", "break_accounts"]
