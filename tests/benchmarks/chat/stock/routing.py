from django.urls import re_path

from tests.benchmarks.chat.stock.consumers import ChatConsumer

urlpatterns: list = []
websocket_urlpatterns = [re_path(r"ws/chat/(?P<room_name>[\w-]+)/$", ChatConsumer.as_asgi())]
