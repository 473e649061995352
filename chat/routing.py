"""Addresses of sockets."""

from django.urls import path, re_path

from chat.live.consumers import ChatConsumer, NothingHere

websocket_urlpatterns = [path("ws/chat/", ChatConsumer.as_asgi()), re_path("", NothingHere.as_asgi())]
