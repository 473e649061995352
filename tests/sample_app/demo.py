from learning.base.demo import DemoPart, DemoSchool, register_demo_part
from tests.sample_app.models import Wish


def _add(school: DemoSchool) -> None:
    for person in school.people.values():
        Wish.objects.create(person=person, text="A lamp")


register_demo_part(DemoPart("wishes", add=_add))
