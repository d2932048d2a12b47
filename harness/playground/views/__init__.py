"""What the pages answer: a module for each kind of page, which asks the modules above."""
