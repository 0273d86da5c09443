"""Parts of a local web page's server: its errors, and its gate against other sites."""
