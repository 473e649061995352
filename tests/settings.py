"""Settings of the tests: the project's own, with quick password hashes and jobs done at once."""

import os
import re
import tempfile

from config.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
MEDIA_ROOT = tempfile.mkdtemp(prefix="parta-test-media-")
TASKS = {
    "default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"},
    "queue": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"},
}
STATIC_ROOT = None
WHITENOISE_AUTOREFRESH = True
LOGGING["root"]["level"] = "CRITICAL"  # type: ignore[name-defined]  # noqa: F405
LOGGING["loggers"]["django.request"] = {"level": "CRITICAL"}  # type: ignore[name-defined]  # noqa: F405
# Indexing at every save is Wagtail's own work; the tests of searching build the index themselves.
WAGTAILSEARCH_BACKENDS["default"]["AUTO_UPDATE"] = False  # type: ignore[name-defined]  # noqa: F405
if REDIS_URL:  # noqa: F405
    # Tests empty the cache; each worker of the run has a database of its own to empty.
    number = int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or 0)
    CACHES["default"]["LOCATION"] = re.sub(r"/\d+$", f"/{number + 1}", REDIS_URL)  # type: ignore[name-defined]  # noqa: F405
