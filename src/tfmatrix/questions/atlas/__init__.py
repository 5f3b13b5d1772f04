"""The atlas: which of TensorFlow's own ops, and of Keras's classes and functions, changed between releases.

Other questions may use what is named here, and nothing else of this one.
"""

from tfmatrix.questions.atlas.judge import GONE, IN_WORDS, KINDS, MEANING, RAISES, ROUNDING
from tfmatrix.questions.atlas.known import NOT_KNOWN, NOTHING, Atlas, Move, shipped, worst
from tfmatrix.questions.atlas.summary import Report, Row, Step

__all__ = [
    "GONE",
    "IN_WORDS",
    "KINDS",
    "MEANING",
    "NOTHING",
    "NOT_KNOWN",
    "RAISES",
    "ROUNDING",
    "Atlas",
    "Move",
    "Report",
    "Row",
    "Step",
    "shipped",
    "worst",
]
