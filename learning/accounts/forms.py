"""Forms about people, on the site and in the CMS."""

from io import BytesIO
from threading import Lock
from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django import forms
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.users.forms import UserCreationForm, UserEditForm

from learning.accounts.actions import end_sessions
from learning.accounts.models import Theme, User, time_zone_choices
from learning.accounts.notices import send_account_mail
from learning.accounts.rights import assignable_roles
from learning.accounts.roles import role_label
from learning.accounts.school import school

AVATAR_MAX_BYTES = 5 * 1024 * 1024
AVATAR_MAX_PIXELS = 16_000_000
_one_at_a_time = Lock()  # a picture of 16 megapixels takes 50 MB while it is read
AVATAR_SIDE = 256  # px; shown at 96 at most, on dense screens


class SignupDetails(forms.Form):
    """Fields of allauth's sign-up form beside e-mail and password."""

    display_name = forms.CharField(
        label=_("Your name"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    time_zone = forms.CharField(
        required=False, max_length=64, widget=forms.HiddenInput(attrs={"data-browser-zone": ""})
    )
    field_order = ["display_name", "email", "password1", "password2"]

    def signup(self, request: HttpRequest, user: User) -> None:
        user.display_name = self.cleaned_data["display_name"]
        user.language = (translation.get_language() or settings.LANGUAGE_CODE)[:2]
        zone = self.cleaned_data.get("time_zone") or ""
        # the zone of the browser; the profile can change it
        user.time_zone = zone if zone in dict(time_zone_choices()) else school().time_zone
        user.save(update_fields=["display_name", "language", "time_zone"])


def square_avatar(upload: UploadedFile) -> ContentFile:
    """Return the picture encoded again as a small square: no byte of the uploaded file itself is stored.

    Raises ValidationError for what is not a picture, is too large or has too many pixels.
    """
    if (upload.size or 0) > AVATAR_MAX_BYTES:
        raise forms.ValidationError(_("The picture may have at most 5 MB."))
    try:
        upload.seek(0)
        # four formats: Pillow would else try all its readers, each a way to attack (promise 18)
        with _one_at_a_time, Image.open(upload, formats=["JPEG", "PNG", "WEBP", "GIF"]) as picture:
            # read from the header, before memory is taken for the pixels
            if picture.width * picture.height > AVATAR_MAX_PIXELS:
                raise forms.ValidationError(_("The picture has too many pixels."))
            picture.draft("RGB", (2 * AVATAR_SIDE, 2 * AVATAR_SIDE))  # a JPEG is read no larger than needed
            straight = ImageOps.exif_transpose(picture).convert("RGB")
            straight.thumbnail((4 * AVATAR_SIDE, 4 * AVATAR_SIDE))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise forms.ValidationError(_("This file is not a picture that we can read.")) from error
    buffer = BytesIO()
    ImageOps.fit(straight, (AVATAR_SIDE, AVATAR_SIDE)).save(buffer, "WEBP", quality=82)
    return ContentFile(buffer.getvalue(), name="avatar.webp")


class SchoolForm(WagtailAdminModelForm):
    """The settings of the school; its mark is re-encoded as pictures of people are."""

    mark = forms.FileField(
        label=_("Mark"),
        required=False,
        help_text=_("A square picture: JPEG, PNG, WebP or GIF, at most 5 MB. Shown beside the name."),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp,image/gif"}),
    )
    remove_mark = forms.BooleanField(label=_("Remove the mark"), required=False)

    def clean_mark(self) -> Any:
        upload = self.cleaned_data["mark"]
        return square_avatar(upload) if isinstance(upload, UploadedFile) else self.instance.mark

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("remove_mark") and "mark" not in self.changed_data:
            cleaned["mark"] = ""
        return cleaned


class ProfileForm(forms.ModelForm):
    avatar = forms.FileField(
        label=_("Picture"),
        required=False,
        help_text=_("JPEG, PNG, WebP or GIF, at most 5 MB. It is cut to a square."),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp,image/gif"}),
    )
    remove_avatar = forms.BooleanField(label=_("Remove the picture"), required=False)

    class Meta:
        model = User
        fields = ["display_name", "about", "avatar", "language", "time_zone", "theme", "course_mail"]
        widgets = {"display_name": forms.TextInput(attrs={"autocomplete": "name"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"].choices = [("", _("As the browser")), *settings.LANGUAGES]  # type: ignore[attr-defined]
        if "theme" in self.fields:
            self.fields["theme"].choices = Theme.choices  # type: ignore[attr-defined]
        self.order_fields(
            ["display_name", "about", "avatar", "remove_avatar", "language", "time_zone", "theme", "course_mail"]
        )
        if not self.instance.avatar:
            del self.fields["remove_avatar"]

    def clean_avatar(self) -> Any:
        upload = self.cleaned_data["avatar"]
        return square_avatar(upload) if isinstance(upload, UploadedFile) else self.instance.avatar

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("remove_avatar") and "avatar" not in self.changed_data:
            cleaned["avatar"] = ""
        return cleaned


class RolesField(forms.ModelMultipleChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return role_label(obj.name)


class _PersonFields(forms.Form):
    """Wagtail's user forms ask for first and last names and offer superuser rights; ours do neither.

    `for_user` fills in the form, and can give and remove only roles with no more rights than their own (promise 7).
    """

    # None removes a field of the parent form; a value posted under its name is then ignored (promise 7)
    first_name = None
    last_name = None
    is_superuser = None
    password_required = False
    groups = RolesField(Group.objects.all(), label=_("Roles"), required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, for_user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.for_user = for_user
        offered = Group.objects.filter(pk__in=[group.pk for group in assignable_roles(for_user)])
        self.fields["groups"].queryset = offered  # type: ignore[attr-defined]

    def clean_groups(self) -> Any:
        """Return the chosen roles and those that this user may not remove from the person."""
        chosen = list(self.cleaned_data["groups"])
        own = self.instance  # type: ignore[attr-defined]
        offered = self.fields["groups"].queryset  # type: ignore[attr-defined]
        kept = list(own.groups.exclude(pk__in=offered)) if own.pk else []
        return Group.objects.filter(pk__in=[group.pk for group in (*chosen, *kept)])

    def clean_email(self) -> str:
        email = self.cleaned_data["email"].strip().lower()
        own = self.instance.pk  # type: ignore[attr-defined]
        if User.objects.filter(email__iexact=email).exclude(pk=own).exists():
            raise forms.ValidationError(_("Someone already has this e-mail."))
        return email


class PersonCreationForm(_PersonFields, UserCreationForm):
    """Creates an account. Without a password it is an invitation: its owner gets mail with a link to set one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time_zone"].initial = school().time_zone
        self.fields["password1"].help_text = _("Leave it empty to invite them: they get mail and set their own.")

    def save(self, commit: bool = True) -> User:
        invited = not self.cleaned_data["password1"]
        if invited:
            self.instance.set_unusable_password()
        person = super().save(commit)
        if commit and invited:
            # confirmed: the link goes to this address, so whoever uses it has proved that it is theirs
            address = EmailAddress.objects.create(user=person, email=person.email, primary=True, verified=True)
            # as after a confirmation: invitations to courses that wait for this address are accepted
            email_confirmed.send(sender=EmailAddress, request=None, email_address=address)
            send_account_mail(person=person)
        return person

    class Meta(UserCreationForm.Meta):
        fields = ["email", "display_name", "language", "time_zone", "groups"]


class PersonEditForm(_PersonFields, UserEditForm):
    def save(self, commit: bool = True) -> User:
        """A changed address must be confirmed again at the next log-in; a new password ends sessions and tokens."""
        person = super().save(commit)
        if commit and self.cleaned_data.get("password1"):
            end_sessions(person=person)
        if commit and "email" in self.changed_data:
            EmailAddress.objects.filter(user=person).delete()
            EmailAddress.objects.create(user=person, email=person.email, primary=True, verified=False)
        return person

    def __init__(self, *args: Any, editing_self: bool = False, **kwargs: Any) -> None:
        # Nobody changes their own roles (promise 7). Wagtail's branch for oneself deletes fields that we do not have.
        super().__init__(*args, editing_self=False, **kwargs)  # type: ignore[call-arg]
        if editing_self:
            del self.fields["is_active"]
            del self.fields["groups"]
        if self.instance.is_superuser:
            self.fields.pop("is_active", None)

    class Meta(UserEditForm.Meta):
        fields = ["email", "display_name", "language", "time_zone", "is_active", "groups"]
