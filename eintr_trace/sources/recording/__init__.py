"""The recording file: JSON Lines of a header and events."""
