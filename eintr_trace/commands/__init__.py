"""One verb, one file; only here a source meets a report."""
