"""How the tables came to be what `models` says."""
