"""Executors: run a plan's runs, and yield results or failures as values."""
