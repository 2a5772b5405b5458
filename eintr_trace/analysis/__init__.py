"""Events to episodes, verdicts, explanation and advice: pure functions, no I/O."""
