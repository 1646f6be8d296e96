"""The errors of signing in, of consent and of the grants that follow from it, worded as Microsoft does."""

from __future__ import annotations

ERROR_WORDS: dict[str, tuple[int, ...]] = {
    "invalid_grant": (
        *(16000, 50014, 50020, 50034, 50053, 50055, 50057, 50072, 50074, 50076, 50078, 50079, 50089, 50105),
        *(50126, 50132, 50133, 50144, 50147, 50173, 51004, 53000, 53001, 53002, 54005, 70000, 70008, 70043),
        *(90072, 500112, 501481, 530032, 530034, 530035, 700005, 700082, 700084),
    ),
    "access_denied": (65004, 90094, 90095, 50131, 50005),
    "invalid_client": (70002, 50012, 700025, 700027),
    "unauthorized_client": (70001, 700011, 700054, 1000031),
    "invalid_resource": (50001, 650052, 650054),
    "invalid_scope": (28002, 28003, 70012, 700022, 700023),
    "server_error": (50000, 50033, 50087, 90006, 90012, 90024, 90036, 90090, 90091, 90092, 40010),
}
"""The word of `error` for each number; every other one is an invalid_request."""

TEXTS: dict[int, str] = {
    16000: "User account '{account}' does not exist in tenant '{tenant}' and cannot access the application"
    " '{client_id}' in that tenant. The account needs to be added as an external user in the tenant first.",
    28002: "Provided value for the input parameter scope '{scope}' is not valid when requesting an access"
    " token. Please specify a valid scope.",
    28003: "Provided value for the input parameter scope cannot be empty when requesting an access token"
    " using the provided authorization code.",
    40010: "The identity provider could not be reached; retry later.",
    50000: "There was an issue issuing a token or an issue with the sign-in service.",
    50001: "The resource principal named {scope} was disabled or not found in the tenant named {tenant}.",
    50002: "Sign-in failed because of restricted proxy access on the tenant.",
    50005: "User tried to log in to a device from a platform that is currently not supported through"
    " Conditional Access policy.",
    50011: "The redirect URI '{redirect_uri}' specified in the request does not match the redirect URIs"
    " configured for the application '{client_id}'. Make sure the redirect URI sent in the request matches"
    " one added to your application in the Azure portal. Navigate to https://aka.ms/redirectUriMismatchError"
    " to learn more about how to troubleshoot this error.",
    50012: "Authentication failed.",
    50014: "Guest user '{account}' redemption is in a pending state.",
    50020: "User account '{account}' from identity provider 'live.com' does not exist in tenant '{tenant}'"
    " and cannot access the application '{client_id}'({app}) in that tenant. The account needs to be added"
    " as an external user in the tenant first. Sign out and sign in again with a different account.",
    50033: "A transient error has occurred. Please try again.",
    50034: "The user account {account} does not exist in the {tenant} directory. To sign into this"
    " application, the account must be added to the directory.",
    50053: "The account is locked, you've tried to sign in too many times with an incorrect user ID or"
    " password.",
    50055: "The password is expired.",
    50057: "The user account is disabled.",
    50072: "Due to a configuration change made by your administrator, or because you moved to a new"
    " location, you must enroll in multi-factor authentication to access '{resource}'.",
    50074: "Strong Authentication is required.",
    50076: "Due to a configuration change made by your administrator, or because you moved to a new"
    " location, you must use multi-factor authentication to access '{resource}'.",
    50078: "Presented multi-factor authentication has expired due to policies configured by your"
    " administrator, you must refresh your multi-factor authentication to access '{resource}'.",
    50079: "Due to a configuration change made by your administrator, or because you moved to a new"
    " location, you must enroll in multi-factor authentication to access '{resource}'.",
    50087: "A transient error has occurred during strong authentication. Please try again.",
    50089: "Authentication failed due to flow token expired.",
    50105: "Your administrator has configured the application {app} ('{client_id}') to block users unless"
    " they are specifically granted ('assigned') access to the application. The signed in user '{account}'"
    " is blocked because they are not a direct member of a group with access.",
    50126: "Error validating credentials due to invalid username or password.",
    50128: "Invalid domain name. No tenant-identifying information found in either the request or implied"
    " by any provided credentials.",
    50131: "Device is not in required device state, or the request was blocked due to suspicious activity,"
    " access policy, or security policy decisions.",
    50132: "The session is not valid due to the following reasons: password expiration or recent password"
    " change, SSO Artifact is invalid or expired, session is not fresh enough for application.",
    50133: "The session is not valid due to password expiration or recent password change.",
    50144: "The user's Active Directory password has expired.",
    50147: "Invalid size of Code_Challenge parameter.",
    50173: "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user"
    " might have changed or reset their password. The grant was issued on '{issued}' and the"
    " TokensValidFrom date (before which tokens are not valid) for this user is '{valid_from}'.",
    50194: "Application '{client_id}'({app}) is not configured as a multi-tenant application. Usage of the"
    " /common endpoint is not supported for such apps created after '10/15/2018'. Use a tenant-specific"
    " endpoint or configure the application to be multi-tenant.",
    51004: "The user account {account} does not exist in the {tenant} directory.",
    53000: "Device is not in required device state: unmanaged. Conditional Access policy requires a"
    " compliant device, and the device is not compliant.",
    53001: "Device is not in required device state: known. Conditional Access policy requires a domain"
    " joined device, and the device is not domain joined.",
    53002: "The app used is not an approved app for Conditional Access.",
    54005: "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an"
    " existing refresh token.",
    65004: "User declined to consent to access the app.",
    65005: "The application required resource access list does not contain applications discoverable by the"
    " resource.",
    70000: "The request was denied because one or more scopes requested are unauthorized or expired. The"
    " user must first sign in and grant the client application access to the requested scope.",
    70001: "The application named {app} was not found or is disabled.",
    70002: "Error validating credentials.",
    70008: "The provided authorization code or refresh token has expired due to inactivity. Send a new"
    " interactive authorization request for this user and resource.",
    70012: "A server error occurred while authenticating a personal Microsoft account.",
    70043: "The refresh token has expired or is invalid due to sign-in frequency checks by Conditional"
    " Access. The token was issued on {issued} and the maximum allowed lifetime for this request is 86400.",
    90006: "The service is temporarily unavailable.",
    90008: "The user or administrator has not consented to use the application with ID '{client_id}'. This"
    " happened because the application is misconfigured: it must require access to Windows Azure Active"
    " Directory by specifying at least 'Sign in and read user profile' permission.",
    90012: "The request has timed out.",
    90013: "Invalid input received from the user.",
    90014: "The required field '{parameter}' is missing from the credential. Ensure that you have all the"
    " necessary parameters for the login request.",
    90015: "Requested query string is too long.",
    90019: "No tenant-identifying information found in either the request or implied by any provided"
    " credentials.",
    90024: "A request budget was exceeded. Please try again.",
    90036: "An unexpected, non-retryable error stemming from the directory service has occurred.",
    90038: "Tenant '{tenant}' request is being redirected to the National Cloud '{app}'.",
    90056: "The resource is disabled or does not exist, or the endpoint does not accept this verb.",
    90072: "User account '{account}' from identity provider 'live.com' does not exist in tenant '{tenant}'"
    " and cannot access the application '{client_id}'({app}) in that tenant.",
    90090: "Graph returned a transient error, please retry.",
    90091: "The directory service returned an unknown error.",
    90092: "An error occurred with graph while reading the application's data.",
    90094: "An administrator of {tenant} has set a policy that prevents you from granting {app} the"
    " permissions it is requesting. Contact an administrator of {tenant} who can grant permissions to this"
    " application on your behalf.",
    90095: "Admin consent is required for the permissions requested by this application. An admin consent"
    " request may be sent to the admin.",
    90130: "Application '{client_id}' ({app}) is not supported over the /common or /consumers endpoints."
    " Please use the /organizations or tenant-specific endpoint.",
    500021: "Access to '{tenant}' tenant is denied.",
    500022: "Access to '{tenant}' tenant is denied for this organization.",
    500112: "The reply address '{redirect_uri}' does not match the reply address provided when requesting"
    " Authorization code.",
    500208: "The domain is not a valid login domain for the account type.",
    500212: "The user's administrator has set an outbound access policy that does not allow access to the"
    " resource tenant.",
    500213: "The resource tenant's cross-tenant access policy does not allow this user to access this"
    " tenant.",
    501481: "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
    530032: "Access has been blocked by security policy.",
    530034: "A delegated administrator was blocked from accessing the tenant due to account risk.",
    530035: "Access has been blocked by security defaults.",
    650052: "The app is trying to access a service '{scope}' that your organization '{tenant}' lacks a"
    " service principal for. Contact your IT Admin to review the configuration of your service"
    " subscriptions or consent to the application in order to create the required service principal.",
    650054: "The application asked for permissions to access a resource that has been removed or is no"
    " longer available.",
    650056: "Misconfigured application. The client has not listed any permissions for '{scope}' in the"
    " requested permissions in the client's application registration.",
    650057: "Invalid resource. The client has requested access to a resource which is not listed in the"
    " requested permissions in the client's application registration.",
    700005: "Provided Authorization Code is intended to use against other tenant, thus rejected.",
    700011: "Application with identifier '{client_id}' was not found in the directory.",
    700022: "Multiple resources were provided in the scope.",
    700023: "The resource URI of the scope must be its client id or its identifier.",
    700025: "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
    700027: "The certificate with identifier used to sign the client assertion is not registered on"
    " application.",
    700054: "response_type 'id_token' is not enabled for the application.",
    700082: "The refresh token has expired due to inactivity. The token was issued on {issued} and was"
    " inactive for 90.00:00:00.",
    700084: "The refresh token was issued to a single page app (SPA), and therefore has a fixed, limited"
    " lifetime of 1.00:00:00, which cannot be extended.",
    900382: "Confidential Client is not supported in Cross Cloud request.",
    900432: "Confidential Client is not supported in Cross Cloud request.",
    900384: "The request is for another cloud than the one of the tenant.",
    1000031: "Application {app} cannot be accessed at this time. Contact your administrator.",
    9002332: "Application '{client_id}'({app}) is configured for use by Microsoft Account users only. Please"
    " use the /consumers endpoint to serve this request.",
}
SUBERRORS: dict[int, str] = {
    **dict.fromkeys((50072, 50074, 50076, 50079), "basic_action"),
    50055: "user_password_expired",
    50057: "message_only",
    50173: "bad_token",
    70000: "bad_token",
    **dict.fromkeys((70008, 70043, 700082, 700084), "token_expired"),
    65004: "consent_required",
    90094: "consent_required",
}
"""The suberror that goes with a number."""


def word(number: int) -> str:
    """The value of `error` that goes with a number."""
    return next((word for word, numbers in ERROR_WORDS.items() if number in numbers), "invalid_request")
