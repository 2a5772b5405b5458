"""Frozen values only, standard library only: what every other part speaks in."""
