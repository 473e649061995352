"""Who may use a file in the CMS, and which course may show a file of another."""

from types import SimpleNamespace

from django.contrib.auth.models import AnonymousUser

from learning.accounts.models import User
from learning.library.access import may_use_file
from learning.library.models import SharedFile
from learning.library.sharing import _shown_in
from tests import school


def test_files_of_a_course_are_for_those_who_write_it(small: SimpleNamespace) -> None:
    file, picture = school.stored(of=small.course), school.picture(of=small.course)
    for thing in (file, picture):
        assert may_use_file(small.teacher, thing)
        assert may_use_file(small.admin, thing)
        for who in (small.other_teacher, small.student, small.stranger, AnonymousUser()):
            assert not may_use_file(who, thing)


def test_a_deactivated_person_works_with_nothing(small: SimpleNamespace) -> None:
    file = school.stored(of=small.course)
    root = User.objects.create_superuser("root@example.org", "x")
    for who in (small.teacher, small.admin, root):
        assert may_use_file(who, file)
        User.objects.filter(pk=who.pk).update(is_active=False)
        assert not may_use_file(school.fresh(who), file)


def test_a_file_shared_with_one_course_is_not_shared_with_a_third(small: SimpleNamespace) -> None:
    """Sharing names the course and the file: neither another course nor another file goes along."""
    file, second = school.stored("a.txt", of=small.course), school.stored("b.txt", of=small.course)
    third = school.course("Third")
    SharedFile.objects.create(course_id=small.other.pk, file=file)
    assert _shown_in(small.other, file)
    assert not _shown_in(third, file)
    assert not _shown_in(small.other, second)
    assert not _shown_in(None, file)
