"""Two runs compared step by step."""
