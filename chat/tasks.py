"""Jobs of the chat. Each may run twice and takes effect once."""

from django_tasks import task

from chat import actions, notices


@task(backend="queue")
def forget_old() -> int:
    return actions.forget_old()


@task(backend="queue")
def mail_mentions() -> int:
    return notices.send_mentions()
