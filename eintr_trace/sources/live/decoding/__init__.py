"""Calls whose arguments have structures, by family: files, events, sockets, signals, processes."""
