"""What would become of a call: answers computed from the tables."""
