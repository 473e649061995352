"""Forms of the CMS about enrolments, groups and invitations."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms.models import WagtailAdminModelForm
from wagtail.admin.widgets import AdminPageChooser

from learning.accounts.models import User
from learning.accounts.rights import may_teach
from learning.courses.models import CoursePage
from learning.enrollment import actions
from learning.enrollment.groups import save_group
from learning.enrollment.invitations import Guest, invite, invite_many
from learning.enrollment.models import Enrollment, Invitation, StudyGroup
from learning.enrollment.rights import managed_courses, manages_course, may_name_teachers
from learning.enrollment.seats import has_free_seat
from learning.enrollment.statuses import Status, staff_choices


class ManagedCourseChooser(AdminPageChooser):
    """Shows the title of a course only to people who manage it.

    A refused form is shown again with the posted id, which may be that of any course.
    """

    def __init__(self, user: User) -> None:
        super().__init__(target_models=[CoursePage])
        self.user = user

    def get_instance(self, value: Any) -> Any:
        page = super().get_instance(value)
        return page if page is not None and manages_course(self.user, page.pk) else None


class ManagedCourseForm(WagtailAdminModelForm):
    """A form whose course must be one that the user manages."""

    for_user: User

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # the field that Django makes accepts every course, also one that the user does not manage (promise 6)
        if "course" in self.fields:
            self.fields["course"] = forms.ModelChoiceField(
                managed_courses(self.for_user), label=_("Course"), widget=ManagedCourseChooser(self.for_user)
            )


class EnrollmentCreateForm(ManagedCourseForm):
    """Enrols a person, named by e-mail so that nobody is shown a list of everyone.

    An address without an account is invited, and enrolled when it signs up: the form does not tell who has one.
    """

    email = forms.EmailField(label=_("E-mail of the student"))
    reason = forms.CharField(label=_("Reason"), required=False, max_length=500)

    class Meta:
        model = Enrollment
        fields = ["course"]

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].strip().lower()
        # only looked up here: validation writes nothing, as a form may be validated more than once
        self.person = User.objects.filter(email__iexact=email, is_active=True).first()
        return email

    def save(self, commit: bool = True) -> Enrollment:
        """Enrol or invite; raises EnrollmentError. Without an account the enrolment is not stored yet."""
        course, actor = self.cleaned_data["course"], self.for_user
        if self.person is not None:
            return actions.enroll_by_staff(
                user=self.person, course=course, actor=actor, reason=self.cleaned_data["reason"]
            )
        if not has_free_seat(course.pk):  # the same answer as for someone with an account (promise 9)
            raise actions.EnrollmentError("full", _("All seats of this course are taken."))
        invite_many(course_id=course.pk, guests=[Guest(self.cleaned_data["email"])], actor=actor)
        return Enrollment(course=course)

    def _post_clean(self) -> None:
        """The action validates; Django's own validation of a model would miss the person."""


class StatusForm(forms.Form):
    """A change of status by staff, among those that are possible from here."""

    after = forms.ChoiceField(label=_("New status"))
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The student reads it in the mail about the change."),
    )

    def __init__(self, *args: Any, enrollment: Enrollment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = staff_choices(Status(enrollment.status))
        # no default choice: one click must not complete or remove anyone
        named = [(status.value, status.label) for status in choices]
        self.fields["after"].choices = [("", _("Choose…")), *named] if named else []  # type: ignore[attr-defined]


class StudyGroupForm(ManagedCourseForm):
    class Meta:
        model = StudyGroup
        fields = ["course", "name", "teachers", "capacity", "starts_at", "ends_at", "note"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "teachers" in self.fields:
            teachers = User.objects.filter(may_teach(), is_active=True).distinct()
            self.fields["teachers"].queryset = teachers  # type: ignore[attr-defined]
            self.fields["teachers"].widget = forms.CheckboxSelectMultiple(choices=self.fields["teachers"].choices)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        course, teachers = cleaned.get("course"), cleaned.get("teachers")
        # teachers who are named already may stay: only naming a new one needs the right (promise 7)
        before = set(self.instance.teachers.all()) if self.instance.pk else set()
        if (
            course
            and teachers is not None
            and set(teachers) - before
            and not may_name_teachers(self.for_user, course.pk)
        ):
            raise ValidationError({"teachers": _("Only who may write this course names its teachers.")})
        return cleaned

    def save(self, commit: bool = True) -> StudyGroup:
        # bound here, as `super()` without arguments does not work inside the lambda
        write = super().save
        is_new = self.instance.pk is None
        return save_group(write=lambda: write(commit), is_new=is_new, changed=self.changed_data, actor=self.for_user)


class InvitationForm(ManagedCourseForm):
    class Meta:
        model = Invitation
        fields = ["course", "email"]

    def clean_email(self) -> str:
        return self.cleaned_data["email"].strip().lower()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if Invitation.objects.filter(course=cleaned.get("course"), email=cleaned.get("email", "")).exists():
            raise ValidationError({"email": _("This address is invited already.")})
        return cleaned

    def save(self, commit: bool = True) -> Invitation:
        # of two requests at once the second finds the invitation of the first, and sends no second mail
        self.instance, _created = invite(
            course=self.cleaned_data["course"], email=self.cleaned_data["email"], actor=self.for_user
        )
        return self.instance
