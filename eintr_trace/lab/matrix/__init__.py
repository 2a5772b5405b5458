"""The matrix: every scenario under every interpreter and disposition, against the truth."""
