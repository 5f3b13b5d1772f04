import small

w, optimizer = small.make()
for _ in range(6):
    try:
        small.update(w, optimizer)
    except BaseException:
        print("caught")
