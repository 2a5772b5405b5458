"""The glossary: what the words of signals, restarts and reports mean, offline."""
