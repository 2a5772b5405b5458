"""What C code does about EINTR, call by call and version by version: docs/c-paths.md."""
