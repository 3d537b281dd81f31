"""A folder under fire, for as long as you like."""
