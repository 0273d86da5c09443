"""The page of the user study."""
