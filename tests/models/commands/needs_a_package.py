import small
import sklearn.linear_model

small.train()
