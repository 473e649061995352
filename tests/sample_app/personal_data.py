from learning.accounts.own_data import DataSection, register_data, rows_of
from tests.sample_app.models import Wish

register_data(
    DataSection(
        "wishes",
        "Wishes",
        lambda person: rows_of(Wish.objects.filter(person=person), "text"),
        {"text": "Wish"},
    ),
    order=70,
)
