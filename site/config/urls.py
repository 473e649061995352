"""Every address of the project."""

from django.urls import include, path, re_path
from django.views.generic import RedirectView
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.contrib.sitemaps.views import sitemap
from wagtail.views import authenticate_with_password

from config.admin_urls import replaced_urls
from home.api import api
from home.errors import not_found
from home.sitemap import SchoolSitemap
from learning.accounts.limits import limit_password_attempts
from learning.courses import routing

urlpatterns = [
    path("", include("home.urls")),
    path("", include("learning.accounts.urls")),
    path("", include("learning.enrollment.urls")),
    path("", include("learning.teaching.urls")),
    path("", include("learning.tutoring.web.urls")),
    path("", include("learning.vocabulary.web.urls")),
    path("", include("learning.library.urls")),
    path("", include("chat.web.urls")),
    path("cms/", include(replaced_urls)),
    path("cms/", include(wagtailadmin_urls)),
    path("api/v1/", api.urls),
    re_path(r"^api/", not_found),  # before Wagtail looks for a page there
    path("accounts/", include("allauth.urls")),
    path("sitemap.xml", sitemap, {"sitemaps": {"wagtail": SchoolSitemap}}, name="sitemap"),
    # Wagtail's page addresses, one by one: its own log-in form is replaced by ours.
    path(
        "_util/authenticate_with_password/<int:page_view_restriction_id>/<int:page_id>/",
        limit_password_attempts(authenticate_with_password),
        name="wagtailcore_authenticate_with_password",
    ),
    path(
        "_util/login/",
        RedirectView.as_view(pattern_name="account_login", query_string=True),
        name="wagtailcore_login",
    ),
    re_path(r"^((?:[\w\-]+/)*)$", routing.serve, name="wagtail_serve"),
]
handler404 = "home.errors.not_found"
handler403 = "home.errors.forbidden"
handler400 = "home.errors.bad_request"
handler500 = "home.errors.server_error"
