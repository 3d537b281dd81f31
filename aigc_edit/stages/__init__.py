"""Built-in stages, by kind; found through entry points like everybody else's."""
