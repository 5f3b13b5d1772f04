"""Print whether NumPy has `product`; TensorFlow is not needed."""

import numpy as np

print("there" if hasattr(np, "product") else "gone")
