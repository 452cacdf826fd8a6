"""Sources to notebooks, course folders and tables."""
