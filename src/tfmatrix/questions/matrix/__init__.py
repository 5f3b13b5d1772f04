"""Matrix: what moving from one release to another changes in a project's models.

Other questions may use what is named here, and nothing else of this one.
"""

from tfmatrix.questions.matrix.judge import compare_all, compare_with, moved_packages, states
from tfmatrix.questions.matrix.plan import Plan, make_plan, start_of

__all__ = ["Plan", "compare_all", "compare_with", "make_plan", "moved_packages", "start_of", "states"]
