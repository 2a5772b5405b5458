"""One document, one small renderer each."""
