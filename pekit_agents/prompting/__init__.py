"""The visual prompt (paper 3.4): an annotated picture and an instruction for any LVLM."""

from pekit_agents.prompting.drawing import COLOURS, Colour, annotate, assign_colours
from pekit_agents.prompting.from_memory import context_prompt
from pekit_agents.prompting.instruction import build_prompt, instruction
from pekit_agents.prompting.match_text import answer_of, chances_of
from pekit_agents.prompting.naming import named_objects

__all__ = [
    "COLOURS",
    "Colour",
    "annotate",
    "answer_of",
    "assign_colours",
    "build_prompt",
    "chances_of",
    "context_prompt",
    "instruction",
    "named_objects",
]
