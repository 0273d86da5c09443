"""Terms of the objective and their sum."""
