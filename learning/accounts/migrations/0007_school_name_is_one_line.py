import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_about")]
    operations = [
        migrations.AlterField(
            model_name="school",
            name="name",
            field=models.CharField(
                default="Parta",
                max_length=60,
                validators=[
                    django.core.validators.RegexValidator(
                        "[\\x00-\\x1f\\x7f]", "The name is one line of text.", inverse_match=True
                    )
                ],
                verbose_name="name of the school",
            ),
        )
    ]
