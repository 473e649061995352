from typing import ClassVar

from django.conf import settings
from django.db import models


class Wish(models.Model):
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    text = models.CharField(max_length=80)

    class Meta:
        permissions: ClassVar = [("grant_wishes", "Can grant wishes")]
