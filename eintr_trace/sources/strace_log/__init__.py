"""strace logs: lines to a trace."""
