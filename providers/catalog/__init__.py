"""One file per choice under "Mailing provider"."""
