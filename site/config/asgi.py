"""The ASGI application, for daphne: `PYTHONPATH=site daphne config.asgi:application`.

Daphne serves the sockets; pages come from gunicorn (`wsgi.py`), and HTTP is answered here only so that either may stand
alone.
"""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
pages = get_asgi_application()

from chat.routing import websocket_urlpatterns  # noqa: E402  (models are there only after the line above)

application = ProtocolTypeRouter({"http": pages, "websocket": URLRouter(websocket_urlpatterns)})
