"""The studio: a page for removing and composing, and the server behind it."""
