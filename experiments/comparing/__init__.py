"""Arms of an experiment compared: what may be said about their difference, and what each of them took."""
