"""The commands of the project: servers, guardian, refusals, names."""
