"""Frame filters: frames of the output in and out."""
