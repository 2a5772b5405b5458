"""Reports as web pages: each one file, which needs nothing else and asks for nothing."""
