"""The chat loses, doubles and reorders nothing while its servers are killed."""

from tests.chaos.plan import Options
from tests.chaos.servers import School
from tests.chaos.trial import run_on
from tests.chat.conftest import ON_SERVERS

pytestmark = ON_SERVERS


def test_nothing_is_lost_while_servers_die(servers: School) -> None:
    options = Options()
    report = run_on(servers, options)
    print(report)
    assert report.is_good, str(report)
    assert report.stored == report.sent == options.messages
    assert len(report.faults) == options.faults
