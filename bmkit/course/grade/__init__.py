"""Files handed in to points: intake, submission, judge, grade book, feedback."""
