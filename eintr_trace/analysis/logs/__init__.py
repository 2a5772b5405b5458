"""What an strace log shows of an interruption, and what follows from it."""
