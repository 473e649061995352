"""The WSGI application, for gunicorn: `PYTHONPATH=site gunicorn config.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

from config.input import ReadableWSGIRequest  # noqa: E402  (reads the settings, which are there only now)

application.request_class = ReadableWSGIRequest
