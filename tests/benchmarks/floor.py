"""The floor: bare Django that loads the session and the user and renders a given number of bytes.

Settings, address and view in one module; its own database on the same server.
"""

import environ
from django.http import HttpRequest, HttpResponse
from django.urls import path

env = environ.Env()
SECRET_KEY = "benchmark"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = __name__
DATABASES = {"default": {**env.db("DATABASE_URL"), "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}}
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "context_processors": ["django.contrib.auth.context_processors.auth"],
            "loaders": [
                (
                    "django.template.loaders.locmem.Loader",
                    {"bare.html": "{{ user.username }}{% for piece in pieces %}<p>{{ piece }}</p>\n{% endfor %}"},
                )
            ],
        },
    }
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True


def bare(request: HttpRequest) -> HttpResponse:
    from django.shortcuts import render

    size = int(request.GET.get("bytes", "1000"))
    return render(request, "bare.html", {"pieces": ["x" * 92] * (size // 100)})


urlpatterns = [path("", bare)]
