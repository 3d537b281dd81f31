"""Audio filters: sound of the output in and out."""
