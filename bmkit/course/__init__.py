"""The kit: builds, runs and grades lessons. It never imports a learning framework."""
