"""Anything a trace can come from, turned into events."""
