"""All settings of Parta, driven by the environment.

With nothing set it runs for development on SQLite and memory. `PARTA_ENV=production` makes it
strict: it then refuses to start with the default secret, with DEBUG or without hosts.
The variables are described in `.env.example`.
"""

import os
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parents[2]
env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")
# An empty variable, as in a copied .env.example, counts as not set.
env.ENVIRON = {name: value for name, value in os.environ.items() if value}

# --- What kind of run this is -------------------------------------------------------------

PRODUCTION = env("PARTA_ENV", default="development") == "production"
DEBUG = env.bool("DEBUG", default=False)
DEVELOPMENT_SECRET = "development-only-never-use-this-key-in-production-0123456789"  # noqa: S105
SECRET_KEY = env("SECRET_KEY", default=DEVELOPMENT_SECRET)
ALLOWED_HOSTS: list[str] = env.list(
    "ALLOWED_HOSTS", default=[] if PRODUCTION else ["localhost", "127.0.0.1", "[::1]", "testserver"]
)
BASE_URL: str = env("PARTA_BASE_URL", default="http://localhost:8000").rstrip("/")

if PRODUCTION:
    # 50 characters, as `check --deploy` demands (security.W009)
    if SECRET_KEY == DEVELOPMENT_SECRET or len(SECRET_KEY) < 50:
        raise ImproperlyConfigured("Production needs a SECRET_KEY of its own, 50 characters or more.")
    if DEBUG:
        raise ImproperlyConfigured("Production refuses to run with DEBUG on.")
    if not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS:
        raise ImproperlyConfigured("Production needs ALLOWED_HOSTS, each host by name.")
    if not BASE_URL.startswith("https://"):
        raise ImproperlyConfigured("Production needs PARTA_BASE_URL, starting with https://.")

# --- Directories --------------------------------------------------------------------------

_data = env("PARTA_DATA", default="")
DATA_DIR = Path(_data).resolve() if _data else BASE_DIR / "var"
MEDIA_ROOT = DATA_DIR / "media" if _data else BASE_DIR / "media"
STATIC_ROOT = Path(env("STATIC_ROOT", default=str(DATA_DIR / "static")))
DATA_DIR.mkdir(parents=True, exist_ok=True)

# --- Applications: each imports only those below it ---------------------------------------

INSTALLED_APPS = [
    "home",
    "chat",
    "learning.exchange",
    "learning.teaching",
    "learning.tutoring",
    "learning.vocabulary",
    "learning.library",
    "learning.enrollment",
    "learning.courses",
    "learning.accounts",
    "learning.jobs",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "embed_video",
    "wagtail.contrib.redirects",
    "wagtail.contrib.settings",
    "wagtail.contrib.table_block",
    "wagtail.contrib.sitemaps",
    "learning.accounts.users_app.PeopleAdminConfig",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.embeds",
    "wagtail.search",
    "wagtail.sites",
    "wagtail.admin",
    "wagtail",
    "wagtail_modeladmin",
    "modelcluster",
    "taggit",
    "channels",
    "ninja",
    "django_tasks",
    "django_tasks_db",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.sitemaps",
]

MIDDLEWARE = [
    # first, so that answers of all those below have the headers, refusals and errors too
    "config.middleware.SecurityHeadersMiddleware",
    # before sessions: PostgreSQL raises an error for a NUL in the cookie's key (promise 32)
    "config.input.InputMiddleware",
    "django.middleware.security.SecurityMiddleware",
    # before the account is read: static files cost no query
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "learning.accounts.middleware.PersonMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "learning.accounts.middleware.StaffMfaMiddleware",
    "learning.enrollment.cms_door.CmsDoorMiddleware",
    "learning.library.uploads.EditedCourseMiddleware",
    "wagtail.contrib.redirects.middleware.RedirectMiddleware",
    # after the account is known: the 404 page shows who is logged in
    "config.middleware.NumbersMiddleware",
    "config.middleware.RefusedUploadMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "builtins": ["home.templatetags.look", "django.templatetags.i18n"],
        },
    }
]

# --- Database, cache, channel layer: real ones when configured, memory when not -----------

DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'db.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        # locks at the start: a transaction that reads first and writes later can fail at once, without waiting
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # WAL: readers do not wait for a writer. NORMAL survives `kill -9`; a power cut may cost the last commits.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA mmap_size=134217728;",
    }
    DATABASES["default"]["TEST"] = {"NAME": env("PARTA_TEST_DB", default=str(DATA_DIR / "test.sqlite3"))}
else:
    # A health check on a kept connection costs a tenth of what a new connection does,
    # and lets the site recover by itself after a restart of the database.
    DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=60)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # The server then plans a repeated query only once. Behind a pooler that shares
    # connections between transactions, set PREPARED_STATEMENTS=0.
    if env.bool("PREPARED_STATEMENTS", default=True):
        DATABASES["default"]["OPTIONS"] = {"server_side_binding": True, "prepare_threshold": 4}
    DATABASES["default"]["TEST"] = {"NAME": env("PARTA_TEST_DB", default="test_parta")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL: str = env("REDIS_URL", default="")
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "config.cache.ForgivingRedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": "parta",
            "OPTIONS": {"max_connections": 500, "socket_timeout": 1, "socket_connect_timeout": 1},
        }
    }
    # redis-py stops at 100 connections of a pool by default, and raises above
    _layer_host = {"address": REDIS_URL, "max_connections": 1000, "socket_connect_timeout": 2}
    CHANNEL_LAYERS = {
        "default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [_layer_host]}}
    }
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 5000}}}
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}

# --- People -------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["learning.accounts.backend.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/me/"

ACCOUNT_ADAPTER = "learning.accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_SIGNUP_FORM_CLASS = "learning.accounts.forms.SignupDetails"
ACCOUNT_FORMS = {"signup": "learning.accounts.signup.ConstantTimeSignupForm"}
ACCOUNT_USER_DISPLAY = "learning.accounts.models.display_name_of"
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
# mail scanners open every link: only the button on its page confirms (promise 14)
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True  # in the browser that signed up, and in no other
ACCOUNT_LOGIN_TIMEOUT = 3600  # seconds from signing up to the confirmation that logs in
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_PREVENT_ENUMERATION = True
# this session stays; `accounts/receivers.py` ends the others (promise 11)
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_LOGIN_ON_PASSWORD_RESET = False
ACCOUNT_REAUTHENTICATION_REQUIRED = True
# key: what is tried, such as an account; ip: the address (promise 10). Other actions keep allauth's own limits.
ACCOUNT_RATE_LIMITS = {
    "login_failed": "10/5m/key,100/5m/ip",
    "enroll_key": "10/5m/key",
    "page_password": "10/5m/ip",
    "resend": "1/m/key,20/h/ip",
}
ACCOUNT_SESSION_REMEMBER = True
# 0: X-Forwarded-For is not believed, else each try could claim another address
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Parta"
# True would write a row at each request
USERSESSIONS_TRACK_ACTIVITY = False
STAFF_MFA_REQUIRED = env.bool("STAFF_MFA_REQUIRED", default=False)

# --- Sessions, cookies, transport -----------------------------------------------------------

# In the database alone: a session that was ended while the cache was away must not come back with it.
SESSION_ENGINE = "learning.accounts.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
# our scripts read the token from the form in the page
CSRF_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
# addresses can hold a key (reset of a password): other sites must not learn it
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"  # Wagtail's preview, which is framed, sets its own
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[BASE_URL] if PRODUCTION else [])
if PRODUCTION:
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    # the proxy must overwrite this header, or visitors could claim https
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    # probes ask by plain http inside the network
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

# --- Languages and time ---------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ru", "Русский"), ("fr", "Français")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = env("TIME_ZONE", default="UTC")

# --- Static files, uploads, pictures --------------------------------------------------------

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
COLLECTED = PRODUCTION or env.bool("PARTA_COLLECTED_STATIC", default=False)
WHITENOISE_USE_FINDERS = not COLLECTED
WHITENOISE_MAX_AGE = 31_536_000 if COLLECTED else 60
# No address of the site begins with this: `learning.library` checks each request for a file (promise 2).
MEDIA_URL = "/stored/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "config.static.StaticStorage"
        if COLLECTED
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
FILE_UPLOAD_PERMISSIONS = 0o640
# Set by the production deployment, where NGINX sends the files that `learning.library` has allowed.
ACCEL_REDIRECT_PREFIX: str = env("ACCEL_REDIRECT_PREFIX", default="")
UPLOAD_MAX_BYTES: int = env.int("UPLOAD_MAX_BYTES", default=200 * 1024 * 1024)

# --- Chat -----------------------------------------------------------------------------------

CHAT_PER_SECOND: float = env.float("CHAT_PER_SECOND", default=5)  # messages of one person
CHAT_BURST: int = env.int("CHAT_BURST", default=20)
CHAT_EDIT_MINUTES: int = env.int("CHAT_EDIT_MINUTES", default=15)  # for how long authors change their own
DICTIONARY_FOR_ALL: bool = env.bool("DICTIONARY_FOR_ALL", default=False)  # visitors may look words up too
SPEECH_PROGRAM: str = env("SPEECH_PROGRAM", default="espeak-ng")  # speaks words that have no recording; empty for none
CHAT_KEEP_DAYS: int = env.int("CHAT_KEEP_DAYS", default=0)  # 0: for good
CHAT_SOCKETS_PER_PERSON: int = env.int("CHAT_SOCKETS_PER_PERSON", default=40)  # in one process
CHAT_DIRECT_WRITES: bool = env.bool("CHAT_DIRECT_WRITES", default=True)  # past Daphne's `send`: many times faster
CHAT_FILE_MAX_BYTES: int = env.int("CHAT_FILE_MAX_BYTES", default=25 * 1024 * 1024)
HOMEWORK_FILE_MAX_BYTES: int = env.int("HOMEWORK_FILE_MAX_BYTES", default=25 * 1024 * 1024)
HOMEWORK_QUOTA_BYTES: int = env.int("HOMEWORK_QUOTA_BYTES", default=500 * 1024 * 1024)  # of one person's answers
CHAT_QUOTA_BYTES: int = env.int("CHAT_QUOTA_BYTES", default=500 * 1024 * 1024)  # of one person's files

# --- Wagtail --------------------------------------------------------------------------------

WAGTAIL_SITE_NAME = "Parta"
WAGTAILADMIN_BASE_URL = BASE_URL
WAGTAILADMIN_LOGIN_URL = "account_login"
WAGTAIL_FRONTEND_LOGIN_URL = "/accounts/login/"
WAGTAIL_ENABLE_UPDATE_CHECK = False
WAGTAIL_ENABLE_WHATS_NEW_BANNER = False
WAGTAILADMIN_EXTERNAL_LINK_CONVERSION = "exact"  # its question about other links shows titles of drafts
# else a hash of each e-mail address would go to another company
WAGTAIL_GRAVATAR_PROVIDER_URL = None
# password and address are changed on allauth's pages, with their limits and second factor
WAGTAIL_PASSWORD_MANAGEMENT_ENABLED = False
WAGTAIL_PASSWORD_RESET_ENABLED = False
WAGTAIL_EMAIL_MANAGEMENT_ENABLED = False
WAGTAILADMIN_PERMITTED_LANGUAGES = LANGUAGES
WAGTAILIMAGES_IMAGE_MODEL = "library.Picture"
WAGTAILIMAGES_IMAGE_FORM_BASE = "learning.library.uploads.PictureForm"
WAGTAILDOCS_DOCUMENT_FORM_BASE = "learning.library.uploads.DocumentForm"
WAGTAILIMAGES_EXTENSIONS = ["avif", "gif", "jpg", "jpeg", "png", "webp"]
WAGTAILIMAGES_MAX_UPLOAD_SIZE = 20 * 1024 * 1024
WAGTAILIMAGES_MAX_IMAGE_PIXELS = 50_000_000
WAGTAILDOCS_DOCUMENT_MODEL = "library.StoredFile"
WAGTAILDOCS_SERVE_METHOD = "serve_view"
WAGTAILDOCS_EXTENSIONS: list[str] = [
    *("csv", "doc", "docx", "epub", "key", "odp", "ods", "odt", "pdf", "ppt", "pptx", "rtf", "txt", "vtt", "xls"),
    *("xlsx", "zip", "avi", "m4a", "m4v", "mov", "mp3", "mp4", "mpeg", "mpg", "ogg", "ogv", "opus", "wav", "weba"),
    *("webm", "gif", "jpeg", "jpg", "png", "webp"),
]
WAGTAILEMBEDS_FINDERS: list[dict] = []  # video links go through django-embed-video, nothing is fetched
EMBED_VIDEO_BACKENDS = ("learning.courses.video.Youtube", "learning.courses.video.Vimeo")
EMBED_VIDEO_YOUTUBE_CHECK_THUMBNAIL = False
WAGTAILSEARCH_BACKENDS = {
    "default": {"BACKEND": "modelsearch.backends.database", "SEARCH_CONFIG": "simple"},
}

# --- Mail and jobs --------------------------------------------------------------------------

# console:// by default; smtp://user:password@host:587/?tls=True in production
_mail = env.email("EMAIL_URL", default="consolemail://")
MAIL_TRANSPORT: str = _mail["EMAIL_BACKEND"]
vars().update(_mail)
EMAIL_BACKEND = "learning.accounts.mail.QueuedEmailBackend"
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env("DEFAULT_FROM_EMAIL", default="Parta <parta@localhost>")
# seconds: a mail server that hangs must not hold up the worker
EMAIL_TIMEOUT = 20

TASKS = {
    # Wagtail's own small tasks (search and reference index) must take effect at once.
    "default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"},
    # Ours are rows of the same transaction, taken by `manage.py work`.
    "queue": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": ["default"]},
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "filters": {"keys": {"()": "config.masking.MaskKeys"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["keys"]}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="WARNING")},
    # The layer logs a traceback each second while Redis is away; `chat.rooms.publisher` logs it once.
    "loggers": {"parta": {"level": "INFO"}, "channels_redis.pubsub": {"level": "CRITICAL"}},
}
SILENCED_SYSTEM_CHECKS = ["wagtailadmin.W003"]
