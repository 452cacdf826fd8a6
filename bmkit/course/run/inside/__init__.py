"""What runs inside a lesson's kernel, to try the lesson's own checks."""
