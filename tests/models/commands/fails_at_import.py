import small
import broken

small.train(broken.UPDATES)
