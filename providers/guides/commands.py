"""PowerShell for the administrator of Exchange Online; values in braces are filled in between single quotes.

Sources: microsoft.md §11.3, §11.5, §12.3 (application-rbac, auth-limit-mailbox-access).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

EXCHANGE: Final = "Connect-ExchangeOnline{exchange_cloud}"
# The Object ID is that of the enterprise application; the app registration's own is the classic mistake.
ENTERPRISE_APPLICATION: Final = (
    "Connect-MgGraph{graph_cloud} -Scopes 'Application.Read.All'",
    "$app = Get-MgServicePrincipal -Filter \"AppId eq '{client_id}'\"",
)
REGISTER: Final = ("New-ServicePrincipal -AppId '{client_id}' -ObjectId $app.Id -DisplayName '{product}'",)
# COG-54: the application may open this one mailbox.
EXCHANGE_APPLICATION: Final = (
    *ENTERPRISE_APPLICATION,
    EXCHANGE,
    *REGISTER,
    "Add-MailboxPermission -Identity '{mailbox}' -User $app.Id -AccessRights FullAccess",
)
SEND_AS: Final = (
    EXCHANGE,
    "Add-RecipientPermission -Identity '{sender}' -Trustee '{mailbox}' -AccessRights SendAs",
)
SMTP_AUTH_ON: Final = (
    EXCHANGE,
    "Set-CASMailbox -Identity '{mailbox}' -SmtpClientAuthenticationDisabled $false",
)
SMTP_AUTH_ON_EVERYWHERE: Final = (
    EXCHANGE,
    "Set-TransportConfig -SmtpClientAuthenticationDisabled $false",
)
# NEW-15: RBAC for Applications, so that the app reaches exactly this sender.
SEND_SCOPE: Final = (
    *ENTERPRISE_APPLICATION,
    EXCHANGE,
    "$sender = '{sender}'",
    *REGISTER,
    (
        "New-ManagementScope -Name '{product} sender'"
        " -RecipientRestrictionFilter \"PrimarySmtpAddress -eq '$sender'\""
    ),
    (
        "New-ManagementRoleAssignment -App '{client_id}' -Role 'Application Mail.Send'"
        " -CustomResourceScope '{product} sender'"
    ),
    "Test-ServicePrincipalAuthorization -Identity '{client_id}' -Resource $sender",
)
# The older way to the same end, where RBAC for Applications is not wanted.
APPLICATION_POLICY: Final = (
    EXCHANGE,
    "New-DistributionGroup -Name '{product} sender' -Type Security -Members '{sender}'",
    (
        "New-ApplicationAccessPolicy -AppId '{client_id}' -PolicyScopeGroupId '{product} sender'"
        " -AccessRight RestrictAccess -Description '{product} sends as one mailbox only'"
    ),
    "Test-ApplicationAccessPolicy -AppId '{client_id}' -Identity '{sender}'",
)

# By the name under which the advice asks for them.
COMMANDS: Final[Mapping[str, tuple[str, ...]]] = {
    "exchange_application": EXCHANGE_APPLICATION,
    "send_as": SEND_AS,
    "smtp_auth_on": SMTP_AUTH_ON,
    "smtp_auth_on_everywhere": SMTP_AUTH_ON_EVERYWHERE,
    "send_scope": SEND_SCOPE,
}
