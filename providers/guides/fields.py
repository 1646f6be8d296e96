"""Where the value of one field is found, shown below that field."""

from __future__ import annotations

from typing import Final

CLIENT_ID_GUIDE: Final = (
    "Open **Entra admin center › App registrations** and choose your app.",
    "On **Overview**, copy **Application (client) ID**. It looks like this:",
)
CLIENT_SECRET_GUIDE: Final = (
    "Open **Entra admin center › App registrations** and choose your app.",
    "On **Certificates & secrets**, select **New client secret** and **Add**.",
    "Copy the **Value**, not the Secret ID. Microsoft shows it only once.",
)
SECRET_EXPIRY_GUIDE: Final = (
    "Open **Certificates & secrets** of your app.",
    "The column **Expires** holds the day of the secret in use.",
)
ACCESS_URL_GUIDE: Final = (
    "Open **Entra admin center › App registrations** and choose your app.",
    "On **Overview**, select **Endpoints**.",
    "Copy **OAuth 2.0 token endpoint (v2)**. It looks like this:",
)
