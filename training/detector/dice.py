"""Random choices, all drawn from one seeded generator."""
import math

import numpy as np


class Dice:
    def __init__(self, seed):
        self.generator = np.random.default_rng(seed)

    def uniform(self, low, high):
        return float(self.generator.uniform(low, high))

    def log_uniform(self, low, high):
        return math.exp(self.uniform(math.log(low), math.log(high)))

    def integer(self, low, high):
        """A whole number from low to high, both included."""
        return int(self.generator.integers(low, high + 1))

    def chance(self, probability):
        return self.generator.random() < probability

    def pick(self, items):
        return items[int(self.generator.integers(len(items)))]

    def weighted(self, table):
        """A key of a dictionary of weights."""
        keys = list(table)
        weights = np.array([table[key] for key in keys], float)
        return keys[int(np.searchsorted(np.cumsum(weights / weights.sum()), self.generator.random()))]

    def normal(self, mean=0.0, deviation=1.0, shape=None):
        return self.generator.normal(mean, deviation, shape)

    def noise(self, shape):
        return self.generator.standard_normal(shape, dtype=np.float32)
