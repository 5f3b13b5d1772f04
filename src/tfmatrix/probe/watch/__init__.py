"""Watching from outside: what the recorder sees of a training that knows nothing of it.

`watcher` puts wrappers around the places through which every training in TensorFlow goes: functions, sessions, tapes,
iterators, optimizers, variables, and the methods of Keras's models. What they see has stages in the `log`.
"""
