"""The drawn and sounding parts of the sample film that `make_sample.py` puts together."""
