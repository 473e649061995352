"""The model comes from another app with its table, which that app's migration renames (see docs/upgrading.md)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="WorkerHeartbeat",
                    fields=[
                        ("worker_id", models.CharField(max_length=64, primary_key=True, serialize=False)),
                        ("seen_at", models.DateTimeField()),
                    ],
                    options={
                        "verbose_name": "worker",
                        "default_permissions": (),
                        "permissions": [("view_jobs", "Can see the jobs and run failed ones again")],
                    },
                ),
            ],
        ),
    ]
