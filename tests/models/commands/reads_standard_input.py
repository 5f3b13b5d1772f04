import small

small.train(int(input("updates: ")))
