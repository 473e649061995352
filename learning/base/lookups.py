"""`field__among=values`: as `in`, for long lists that change all the time.

PostgreSQL takes the list as one parameter, so the SQL is the same short text for a list of any length, and is parsed
and planned once; other databases get the ordinary `IN`.
"""

from typing import Any

from django.db.models import Field
from django.db.models.lookups import In


@Field.register_lookup
class Among(In):
    lookup_name = "among"

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        left, parameters = self.process_lhs(compiler, connection)
        # not `process_rhs`: it makes one placeholder for each value, and raises EmptyResultSet for an empty list
        return f"{left} = ANY(%s)", [*parameters, list(self.rhs)]
