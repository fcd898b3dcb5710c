"""Campaign results: reading what platforms export, and what it may teach."""
