"""The connections of an organization: listed, named, put in order, and brought back to what they were."""
