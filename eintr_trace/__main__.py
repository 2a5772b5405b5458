"""``python -m eintr_trace`` is ``eintr-trace``."""

from eintr_trace.commands.main import main

raise SystemExit(main())
