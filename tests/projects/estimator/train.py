import numpy as np
import tensorflow as tf

np.random.seed(8)
lengths = np.random.uniform(1, 7, size=(240, 4)).astype(np.float32)
species = np.argmax(lengths[:, :3], axis=1)
names = ["SepalLength", "SepalWidth", "PetalLength", "PetalWidth"]


def input_fn(features, labels, training=True, batch_size=60):
    dataset = tf.data.Dataset.from_tensor_slices((dict(features), labels))
    if training:
        dataset = dataset.shuffle(240).repeat()
    return dataset.batch(batch_size)


features = {name: lengths[:, i] for i, name in enumerate(names)}
columns = [tf.feature_column.numeric_column(key=name) for name in names]

classifier = tf.estimator.DNNClassifier(
    feature_columns=columns,
    hidden_units=[16, 8],
    n_classes=3,
    model_dir="estimator_model",
    config=tf.estimator.RunConfig(tf_random_seed=8),
)
classifier.train(input_fn=lambda: input_fn(features, species), steps=5)
print(classifier.evaluate(input_fn=lambda: input_fn(features, species, training=False)))
