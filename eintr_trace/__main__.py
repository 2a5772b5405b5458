"""``python -m eintr_trace`` is ``eintr-trace``."""

from eintr_trace.commands.main import main

# Processes that multiprocessing starts import this module once more, under another name.
if __name__ == "__main__":
    raise SystemExit(main())
