import dataclasses
import pickle

import small


@dataclasses.dataclass
class Settings:
    updates: int = 3


class Wrong(ValueError):
    pass


with open("settings.pickle", "wb") as file:
    pickle.dump([Settings(), Wrong("no")], file)
with open("settings.pickle", "rb") as file:
    settings, _ = pickle.load(file)
small.train(settings.updates)
