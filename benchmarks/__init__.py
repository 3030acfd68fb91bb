"""Every figure in the README is printed by `make bench`; each stands beside a naive way in the same run."""
