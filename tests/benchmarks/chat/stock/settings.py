"""The tutorial's settings, with a real database and a layer in Redis."""

import environ

env = environ.Env()
SECRET_KEY = "benchmark"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "tests.benchmarks.chat.stock.routing"
ASGI_APPLICATION = "tests.benchmarks.chat.stock.asgi.application"
DATABASES = {"default": {**env.db("DATABASE_URL"), "CONN_MAX_AGE": 60}}
INSTALLED_APPS = ["daphne", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]
# redis-py 8 gives up after 5 seconds, as long as the core layer waits for a message, and above 100 connections;
# the tutorial was written when it did neither.
_host = {"address": env("REDIS_URL"), "socket_timeout": None, "max_connections": 1000}
CHANNEL_LAYERS = {"default": {"BACKEND": env("STOCK_LAYER"), "CONFIG": {"hosts": [_host]}}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
