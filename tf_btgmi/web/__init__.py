"""Parts of a local web page's server: files, errors, protection from other sites."""
