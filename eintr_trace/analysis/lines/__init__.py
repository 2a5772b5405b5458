"""A trace's lines in strace's style, and what they mean."""
