import small

print(small.train()
