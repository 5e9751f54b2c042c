"""Jing-Jin-Ji: a region, a scenario, and what follows from it."""
