"""The sitemap: public pages and free previews that everyone may read."""

from typing import Any

from wagtail.contrib.sitemaps import Sitemap

from learning.courses.models import LessonPage
from learning.enrollment.access import free_previews


class SchoolSitemap(Sitemap):
    def items(self) -> Any:
        # excluded rather than filtered: items() has pages of every type, and only lessons can be closed
        closed = LessonPage.objects.exclude(pk__in=free_previews().values("pk"))
        return super().items().exclude(pk__in=closed.values("pk"))
