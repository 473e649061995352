"""The pages under `/teaching/`: a teacher's courses, groups and students."""
