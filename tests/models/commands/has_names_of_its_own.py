import data
import small
import tensorflow as tf

loss, log, recorder, step, gradient = data.UPDATES, "log", "recorder", 0, None
model = tfmatrix_probe = watcher = record = None
small.train(loss)
