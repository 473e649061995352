"""Mail about accounts that allauth does not write."""

from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse

from learning.accounts.models import User
from learning.base.mail import mail_text


def send_account_mail(*, person: User) -> None:
    """Mail someone that the school has created an account for them, with a link to set a password."""
    from allauth.account.forms import default_token_generator  # imports our sign-up form, which imports this module

    # the link names BASE_URL and not the host of a request, which its sender can choose (promise 12)
    key = (user_pk_to_url_str(person), default_token_generator.make_token(person))
    address = settings.BASE_URL + reverse("account_reset_password_from_key", args=key)
    facts = {"person": person, "address": address, "reset": settings.BASE_URL + reverse("account_reset_password")}
    text = mail_text("accounts/mail/account.txt", person.language, facts)
    EmailMessage(text.subject, text.body, to=[person.email]).send()
