"""What authors write: sources to cells, their translations, their rules."""
