"""Every setting of the product, read once from the environment (described in `.env.example`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from config.environment import (
    database,
    env,
    log_level,
    name_servers,
    networks,
    number,
    one_of,
    ports,
    public_url,
    required,
)

BASE_DIR = Path(__file__).resolve().parent.parent
PRODUCT_NAME = env.str("PRODUCT_NAME", default="Mailroom")
SECRET_KEY = required("SECRET_KEY")
DEBUG = False
BASE_URL = public_url("BASE_URL")
HTTPS = BASE_URL.startswith("https://")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[urlsplit(BASE_URL).hostname])

DATABASES = {
    "default": database("DATABASE_URL", mirror=True),
    "system": database("DATABASE_SYSTEM_URL", mirror=True),
    "owner": database("DATABASE_OWNER_URL", mirror=False),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = required("REDIS_URL")
# Sign-in limits must survive a frozen or emptied Redis, so the cache lives in PostgreSQL.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        # Django keeps 300: guesses at other addresses would push the counters of one out.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

SECRETS_KEYRING = env.str("SECRETS_KEYRING", default="")
SECRETS_KEYRING_FILE = env.str("SECRETS_KEYRING_FILE", default="")
EGRESS_ALLOW_CIDRS = networks("EGRESS_ALLOW_CIDRS")
EGRESS_ALLOW_PORTS = ports("EGRESS_ALLOW_PORTS")
OAUTH_ALLOW_HOSTS = tuple(env.list("OAUTH_ALLOW_HOSTS", default=[]))
CLOUDS_FILE = env.str("CLOUDS_FILE", default="")
EXTRA_CA_BUNDLE = env.str("EXTRA_CA_BUNDLE", default="")
DNS_SERVERS = name_servers("DNS_SERVERS")
DMARC_RULE = one_of("DMARC_RULE", "aligned", "strict", "off")
DMARC_RULE_QUARANTINE = env.bool("DMARC_RULE_QUARANTINE", default=False)
DEFAULT_MAILER_URL = env.str("DEFAULT_MAILER_URL", default="")
EHLO_NAME = env.str("EHLO_NAME", default="") or urlsplit(BASE_URL).hostname

DELIVERY_LEASE_SECONDS = number("DELIVERY_LEASE_SECONDS", default=240)
# Messages whose marker and outcome are written together; 1 for organizations that never want a copy twice.
DELIVERY_WINDOW = number("DELIVERY_WINDOW", default=200)
# Limits of connections whose provider has none of its own; 0 messages a minute means no limit.
DELIVERY_SESSIONS = number("DELIVERY_SESSIONS", default=3)
DELIVERY_PER_MINUTE = number("DELIVERY_PER_MINUTE", default=0, least=0)
DELIVERY_THREADS = number("DELIVERY_THREADS", default=8)
DELIVERY_QUEUE_ALARM_MINUTES = number("DELIVERY_QUEUE_ALARM_MINUTES", default=15)
DELIVERY_EXPIRES_HOURS = number("DELIVERY_EXPIRES_HOURS", default=72)
CONTENT_RETENTION_DAYS = number("CONTENT_RETENTION_DAYS", default=7)
RECIPIENTS_LIMIT = number("RECIPIENTS_LIMIT", default=100)
# No mailbox of Microsoft 365 takes more than 150 MB.
MAX_MESSAGE_MB = number("MAX_MESSAGE_MB", default=35, most=150)
ALLOW_EMPTY_SUBJECT = env.bool("ALLOW_EMPTY_SUBJECT", default=False)

INSTALLED_APPS = [
    "console",
    "notifications",
    "mailsettings",
    "orgs",
    "allauth",
    "allauth.account",
    "django_htmx",
    "csp",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    # Its widget templates are found by the form renderer of the product.
    "django.forms",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    # Before whatever may refuse a request, so that refusals carry them too.
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "orgs.middleware.private_pages",
    "orgs.middleware.known_organizations",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "orgs.context.shell",
                "notifications.context.worker_state",
                "notifications.detours.mail_state",
            ],
            "builtins": ["orgs.templatetags.ui"],
        },
    }
]
FORM_RENDERER = "orgs.rendering.FormRenderer"

AUTH_USER_MODEL = "orgs.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "orgs.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_PREVENT_ENUMERATION = True
# Whose address counts: sign-in limits and the audit trail see the person, not the proxy in front.
ALLAUTH_TRUSTED_PROXY_COUNT = number("TRUSTED_PROXY_COUNT", default=0, least=0)
# Mail of the platform itself goes into the same outbox as everybody's.
EMAIL_BACKEND = "notifications.backend.OutboxBackend"
# Its sender is the one of the platform's own connection; Django's default is no address.
DEFAULT_FROM_EMAIL = ""

SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 12 * 60 * 60
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_TRUSTED_ORIGINS = [BASE_URL]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        **{f"{kind}-src": [SELF] for kind in ("script", "style", "img", "font", "connect", "frame")},
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = env.path("STATIC_ROOT", default=str(BASE_DIR / "staticfiles"))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {"staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": log_level("LOG_LEVEL")},
    # msal and urllib3 would print request details below WARNING (microsoft.md §4.1).
    "loggers": {name: {"level": "WARNING"} for name in ("msal", "urllib3", "celery.worker.strategy")},
}
