"""Recommenders next to published figures and to other libraries, in one run: `make bench-recommend`."""
