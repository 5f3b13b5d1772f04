"""The probe: a program of its own that runs reference models inside one TensorFlow environment.

It imports the standard library, NumPy, TensorFlow and the model under test, and nothing of tfmatrix, so that it
runs in any environment from Python 3.7 on. `server` states its contract: what it is given and what it answers.
"""
