"""Who: users, organizations, memberships, tenancy, audit."""
