"""Static: which of the ops and Keras classes that a model uses changed, by the atlas, and without the model being run.

It is what `tfmatrix atlas --model` answers. Others may use what is named here, and nothing else of it.
"""

from tfmatrix.questions.static.summary import Answer, Change, NotCovered, Report

__all__ = ["Answer", "Change", "NotCovered", "Report"]
