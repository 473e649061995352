"""Which lessons are paid, asked of the database: for lists of the whole school."""

from django.db.models import BigIntegerField, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, Window
from django.db.models.functions import Coalesce

from learning.tutoring.models import Account, Allocation, LedgerLine, Lesson, LineKind, Status
from learning.tutoring.money.allocation import Paid, paid_states


def _live() -> QuerySet[LedgerLine]:
    return LedgerLine.objects.filter(reverses=None, reversed_by=None).order_by()


def _oldest_first() -> QuerySet[LedgerLine]:
    """Charges with `before` (charged up to and including it) and `credit` (paid in all), of the same account and
    currency: what `allocation.covers` computes where no payment was put to a certain lesson."""
    same = _live().filter(account=OuterRef("account"), currency=OuterRef("currency"))
    paid = same.filter(Q(amount__gt=0) | Q(kind=LineKind.REFUND)).values("account").annotate(total=Sum("amount"))
    charges = _live().filter(amount__lt=0).exclude(kind=LineKind.REFUND)
    return charges.annotate(
        before=Window(
            Sum(-F("amount"), output_field=BigIntegerField()),
            partition_by=[F("account"), F("currency")],
            order_by=["day", "pk"],
        ),
        credit=Coalesce(Subquery(paid.values("total")[:1], output_field=BigIntegerField()), Value(0)),
    )


def with_paid(lessons: QuerySet[Lesson], state: Paid) -> QuerySet[Lesson]:
    """Those of the lessons of which a charge is in this state; `FREE`: given, and nothing charged."""
    charged = _live().filter(lesson=OuterRef("pk"))
    if state == Paid.FREE:
        given = lessons.filter(status__in={Status.HELD, Status.MISSED})
        return given.exclude(pk__in=_live().filter(lesson__isnull=False).values("lesson"))
    if state == Paid.PACKAGE:
        return lessons.filter(pk__in=charged.filter(kind=LineKind.UNIT).values("lesson"))
    said = Allocation.objects.filter(payment__reversed_by=None).values("payment__account")
    rows = _oldest_first().exclude(account__in=said)
    wanted = {
        Paid.PAID: Q(before__lte=F("credit")),
        Paid.UNPAID: Q(before__gte=F("credit") - F("amount")),
        Paid.PART: Q(before__gt=F("credit"), before__lt=F("credit") - F("amount")),
    }[state]
    # not `lesson__isnull=False`: it would leave packages out of the running sum; NULL in an IN is harmless
    found = Q(pk__in=rows.filter(wanted).values("lesson"))
    # the few accounts whose teacher has put payments to certain lessons
    states = paid_states(Account.objects.filter(pk__in=said))
    return lessons.filter(found | Q(pk__in=[lesson for (lesson, _student), one in states.items() if one == state]))
