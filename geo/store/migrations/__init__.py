"""Migrations of the store; a new one is a file in ``versions`` that names the one before it."""
