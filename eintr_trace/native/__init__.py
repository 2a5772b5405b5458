"""The C side of a process: its program files, their symbols, and the stack of C frames."""
