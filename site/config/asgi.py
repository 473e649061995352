"""The ASGI application, for daphne: `PYTHONPATH=site daphne config.asgi:application`."""

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = ProtocolTypeRouter({"http": get_asgi_application()})
