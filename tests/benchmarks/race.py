"""Run by `manage.py shell` beside a running server: many people on the last seat, by page, API and CMS at once.

Prints how many repetitions gave exactly one seat. RACE_PORT is the server's.
"""

import http.client
import json
import os
import threading
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.models import Group
from django.test import Client

from learning.accounts.actions import create_token
from learning.accounts.models import User
from learning.accounts.roles import Role
from learning.accounts.scopes import scope_choices
from learning.courses.models import CatalogPage, CoursePage
from learning.enrollment.models import Enrollment, Seats
from learning.enrollment.statuses import SEATED

PORT = int(os.environ["RACE_PORT"])
CROWD = int(os.environ.get("RACE_CROWD", "50"))
REPETITIONS = int(os.environ.get("RACE_REPETITIONS", "100"))
TOKEN = "x" * 32  # of the CSRF check: cookie and form say the same


def session_of(user: User) -> str:
    client = Client()
    client.force_login(user, backend="learning.accounts.backend.AuthenticationBackend")
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def person(name: str, role: Role) -> User:
    user = User.objects.create_user(f"{name}@race.example.org", display_name=name)
    user.groups.add(Group.objects.get(name=role))
    return user


admin = person("race-admin", Role.ADMINISTRATOR)
admin_session = session_of(admin)
crowd = [person(f"race-{n}", Role.STUDENT) for n in range(CROWD)]
course = CoursePage(title="The last seat", slug="the-last-seat", summary="One seat.", capacity=1)
CatalogPage.objects.order_by("path")[0].add_child(instance=course)
course.save_revision().publish()

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Host": "127.0.0.1"}


def by_page(user: User) -> tuple[str, str, dict[str, str]]:
    cookie = f"sessionid={session_of(user)}; csrftoken={TOKEN}"
    return f"/enrollment/{course.pk}/enroll/", urlencode({"csrfmiddlewaretoken": TOKEN}), {**FORM, "Cookie": cookie}


def by_api(user: User) -> tuple[str, str, dict[str, str]]:
    key = create_token(user=user, name="race", scopes=[code for code, _label in scope_choices()])
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "Host": "127.0.0.1"}
    return f"/api/v1/courses/{course.pk}/enroll", "{}", headers


def by_cms(user: User) -> tuple[str, str, dict[str, str]]:
    cookie = f"sessionid={admin_session}; csrftoken={TOKEN}"
    data = {"csrfmiddlewaretoken": TOKEN, "course": course.pk, "email": user.email, "reason": ""}
    return "/cms/enrollment/enrollment/new/", urlencode(data), {**FORM, "Cookie": cookie}


jobs = [(by_page, by_api, by_cms)[n % 3](user) for n, user in enumerate(crowd)]
exact, answers = 0, {}


def ask(line: threading.Barrier, job: tuple[str, str, dict[str, str]], seen: list[int]) -> None:
    path, body, headers = job
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    connection.connect()
    line.wait()
    connection.request("POST", path, body, headers)
    response = connection.getresponse()
    response.read()
    seen.append(response.status)
    connection.close()


for _repetition in range(REPETITIONS):
    Enrollment.objects.filter(course=course).delete()
    Seats.objects.filter(pk=course.pk).delete()
    line, seen = threading.Barrier(CROWD), []
    threads = [threading.Thread(target=ask, args=(line, job, seen)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    given = Enrollment.objects.filter(course=course, status__in=SEATED).count()
    exact += given == 1 and Seats.objects.get(pk=course.pk).taken == 1 and max(seen) < 500
    for status in seen:
        answers[status] = answers.get(status, 0) + 1
print(json.dumps({"exact": exact, "of": REPETITIONS, "crowd": CROWD, "answers": answers}))
