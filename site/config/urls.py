"""Every address of the project."""

from django.urls import include, path, re_path
from django.views.generic import RedirectView
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.admin.auth import require_admin_access
from wagtail.admin.urls import reports as report_urls
from wagtail.contrib.sitemaps.views import sitemap
from wagtail.views import authenticate_with_password

from home.api import api
from home.errors import not_found
from home.sitemap import SchoolSitemap
from learning.accounts.account_admin import OwnAccountView
from learning.accounts.limits import few_passwords
from learning.courses import routing
from learning.enrollment.cms_door import SeenLinkView
from learning.enrollment.gate import whole_tree_only

urlpatterns = [
    path("", include("home.urls")),
    path("", include("learning.accounts.urls")),
    path("", include("learning.enrollment.urls")),
    path("", include("learning.teaching.urls")),
    path("", include("learning.library.urls")),
    path("", include("chat.web.urls")),
    # One log-in page for everyone: allauth's, with its limits and second factor.
    path("cms/login/", RedirectView.as_view(pattern_name="account_login", query_string=True)),
    path("cms/password_reset/", RedirectView.as_view(pattern_name="account_reset_password")),
    path("cms/choose-external-link/", require_admin_access(SeenLinkView.as_view())),
    path("cms/failwhale/", not_found),
    path("cms/account/", require_admin_access(OwnAccountView.as_view())),
    # This report of Wagtail names the last edited page of each type, wherever it is.
    *(
        path(f"cms/reports/{pattern.pattern}", whole_tree_only(require_admin_access(pattern.callback)))
        for pattern in report_urls.urlpatterns
        if str(pattern.pattern).startswith("page-types-usage/")
    ),
    path("cms/", include(wagtailadmin_urls)),
    path("api/v1/", api.urls),
    re_path(r"^api/", not_found),  # before Wagtail looks for a page there
    path("accounts/", include("allauth.urls")),
    path("sitemap.xml", sitemap, {"sitemaps": {"wagtail": SchoolSitemap}}, name="sitemap"),
    # Wagtail's page addresses, one by one: its own log-in form is left out, ours stands in for it.
    path(
        "_util/authenticate_with_password/<int:page_view_restriction_id>/<int:page_id>/",
        few_passwords(authenticate_with_password),
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
