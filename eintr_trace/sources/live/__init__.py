"""The live source: ptrace, per-thread state, the wait loop."""
