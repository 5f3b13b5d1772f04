"""Explain: why a cell changed, whose change it is, which operations it is made of, and what undoes it.

Other questions may use what is named here, and nothing else of this one.
"""

from tfmatrix.questions.explain.answer import Reason, problems, reasons
from tfmatrix.questions.explain.plan import ExplainPlan, make_explain_plan
from tfmatrix.questions.explain.report import explain
from tfmatrix.questions.explain.streams import ARRANGING, FORWARD, METRIC, OPTIMIZER, Op, Recording, recorded, types_of
from tfmatrix.questions.explain.summary import Cell, Report

__all__ = [
    "ARRANGING",
    "FORWARD",
    "METRIC",
    "OPTIMIZER",
    "Cell",
    "ExplainPlan",
    "Op",
    "Reason",
    "Recording",
    "Report",
    "explain",
    "make_explain_plan",
    "problems",
    "reasons",
    "recorded",
    "types_of",
]
