"""Lays what the migrations lay, in a database that a test with real transactions has wiped."""

from importlib import import_module

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.contenttypes.management import create_contenttypes
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from wagtail.models import Collection, Locale, Page, Site

from home.models import HomePage
from learning.courses.models import CatalogPage
from learning.tutoring.defaults import add_defaults

_school = import_module("home.migrations.0002_school")


def lay() -> None:
    ContentType.objects.clear_cache()
    for config in apps.get_app_configs():
        create_contenttypes(config, verbosity=0)
        create_permissions(config, verbosity=0)
    _permission_of_wagtail()
    Locale.objects.get_or_create(language_code="en")
    Collection.add_root(name="Root")
    root = Page.add_root(title="Root", slug="root")
    home = root.add_child(instance=HomePage(title="Parta", slug="home"))
    home.add_child(instance=CatalogPage(title="Courses", slug="courses"))
    Site.objects.create(hostname="localhost", root_page=home, is_default_site=True)
    _school.apply_roles(apps)
    add_defaults(apps)
    with connection.schema_editor() as editor:
        _school.make_workflow(apps, editor)


def _permission_of_wagtail() -> None:
    """Wagtail makes this one in a migration of its own, not from a model."""
    from django.contrib.auth.models import Permission

    content_type, _created = ContentType.objects.get_or_create(app_label="wagtailadmin", model="admin")
    Permission.objects.get_or_create(
        content_type=content_type, codename="access_admin", defaults={"name": "Can access Wagtail admin"}
    )
