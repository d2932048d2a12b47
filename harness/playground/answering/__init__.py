"""Questions to answers: a queue in the database, and one worker process that holds the models."""
