"""Help and guides: the providers' set-up steps and the table of failures, filled with saved values."""
