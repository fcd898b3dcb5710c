"""Judges that training never sees: used by `relate evaluate` only, never as a reward."""
