import small
import undeclared

small.train(undeclared.UPDATES)
