"""The super admin's room: all organizations, acting as, health."""
