"""The ASGI application, for daphne: `PYTHONPATH=site daphne config.asgi:application`.

Daphne serves the sockets; pages come from gunicorn (`wsgi.py`). With `PARTA_SOCKETS_ONLY` this process serves no
pages: without Redis, gunicorn counts the rate limits in its own memory, and requests here would be counted apart.
"""

import os
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
pages = get_asgi_application()


async def no_pages(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


from chat.routing import websocket_urlpatterns  # noqa: E402  (models are there only after the line above)
from config.input import ReadableASGIRequest  # noqa: E402

pages.request_class = ReadableASGIRequest

protocols: dict[str, Any] = {"websocket": URLRouter(websocket_urlpatterns)}
protocols["http"] = no_pages if os.environ.get("PARTA_SOCKETS_ONLY") else pages
application = ProtocolTypeRouter(protocols)
