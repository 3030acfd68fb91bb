"""avrec: what is in a clip, who would like it, why, and how we know."""

__version__ = "0.1.0"
