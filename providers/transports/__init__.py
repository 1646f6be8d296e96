"""The wires: SMTP and Microsoft Graph."""
