"""Who may reorder and move the pages of a course.

Wagtail lets only those who publish reorder or move live pages. Here whoever may write a course also arranges its
modules and lessons. That takes effect at once, without moderation; the explorer says so above the drag handles.
"""

from django.utils.functional import cached_property
from wagtail.models import Page, PagePermissionTester


class ArrangingPermissionTester(PagePermissionTester):
    """Wagtail's rules, and: who may write a course may reorder and move modules and lessons inside it."""

    @cached_property
    def _writes(self) -> bool:
        # Wagtail sets `permissions` only for active people who are not superusers; superusers may do all this anyway
        return self.user.is_active and not self.user.is_superuser and "change" in self.permissions

    def can_reorder_children(self) -> bool:
        return super().can_reorder_children() or (self._course_path is not None and self._writes)

    def can_move(self) -> bool:
        return super().can_move() or (self._is_part and self._writes)

    def can_move_to(self, destination: Page) -> bool:
        """Whoever writes the course moves its live parts inside it; into another course needs the right to publish."""
        if super().can_move_to(destination):
            return True
        course = self._course_path
        return bool(
            course
            and self._is_part
            and self._writes
            # every step of a path has the same length, so this prefix means “inside the course”
            and destination.path.startswith(course)
            and destination != self.page
            and not destination.is_descendant_of(self.page)
            # the rules on page types hold too; like Wagtail, they are not asked inside the same parent
            and (self.page.is_child_of(destination) or self.page.specific.can_move_to(destination))
        )

    @property
    def _is_part(self) -> bool:
        return self._course_path is not None and len(self._course_path) < len(self.page.path)

    @cached_property
    def _course_path(self) -> str | None:
        """The tree path of the course that the page is or belongs to; without a query, since lists ask for each row."""
        levels = getattr(self.page.specific_class, "levels_below_course", None)
        return None if levels is None else self.page.path[: len(self.page.path) - levels * Page.steplen]
