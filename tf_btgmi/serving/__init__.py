"""Models outside this process: exported files and servers."""
