"""A CPython process read from outside, through /proc/PID/mem; never written."""
