import small

w, optimizer = small.make()
while True:
    small.update(w, optimizer)
