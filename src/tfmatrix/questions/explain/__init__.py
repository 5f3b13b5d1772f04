"""Explain: why a cell changed, whose change it is, which operations it is made of, and what undoes it.

Other questions may use what is named here, and nothing else of this one.
"""

from tfmatrix.questions.explain.answer import Reason, problems, reasons
from tfmatrix.questions.explain.plan import ExplainPlan, make_explain_plan
from tfmatrix.questions.explain.report import explain

__all__ = ["ExplainPlan", "Reason", "explain", "make_explain_plan", "problems", "reasons"]
