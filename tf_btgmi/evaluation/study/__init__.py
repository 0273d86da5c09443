"""The user study: what is asked, what was answered, what that says."""
