"""Addresses of sockets."""

from django.urls import path, re_path

from chat.live.consumers import ChatConsumer, UnknownPathConsumer

websocket_urlpatterns = [path("ws/chat/", ChatConsumer.as_asgi()), re_path("", UnknownPathConsumer.as_asgi())]
