import numpy as np
import small

rows = np.loadtxt("rows.csv")
small.train()
