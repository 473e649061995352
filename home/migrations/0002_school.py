"""The empty school: home page, catalogue, site, roles, and the moderation workflow."""

import uuid
from typing import Any

from django.contrib.auth.management import create_permissions
from django.db import migrations

from learning.accounts.roles import TASK_NAME, WORKFLOW_NAME, Role, apply_roles

ROOT_PATH = "0001"
HOME_PATH = "00010001"
CATALOG_PATH = "000100010001"


def _make_permissions(apps: Any, schema_editor: Any) -> None:
    """Django makes permissions after all migrations; the roles need them now."""
    for config in apps.get_app_configs():
        config.models_module = True
        create_permissions(config, apps=apps, verbosity=0, using=schema_editor.connection.alias)
        config.models_module = None


def _content_type(apps: Any, app_label: str, model: str) -> Any:
    return apps.get_model("contenttypes", "ContentType").objects.get_or_create(app_label=app_label, model=model)[0]


def make_pages(apps: Any, schema_editor: Any) -> None:
    page_model = apps.get_model("wagtailcore", "Page")
    home_model = apps.get_model("home", "HomePage")
    catalog_model = apps.get_model("courses", "CatalogPage")
    locale = apps.get_model("wagtailcore", "Locale").objects.first()
    if page_model.objects.filter(depth=2).exclude(slug="home").exists() or page_model.objects.filter(depth=3).exists():
        return  # this tree has been worked on already
    apps.get_model("wagtailcore", "Site").objects.all().delete()
    page_model.objects.filter(depth=2).delete()
    common = {"live": True, "locale": locale, "translation_key": None, "show_in_menus": False}
    home = home_model.objects.create(
        title="Parta",
        draft_title="Parta",
        slug="home",
        path=HOME_PATH,
        depth=2,
        numchild=1,
        url_path="/home/",
        content_type=_content_type(apps, "home", "homepage"),
        **{**common, "translation_key": uuid.uuid4()},
    )
    catalog_model.objects.create(
        title="Courses",
        draft_title="Courses",
        slug="courses",
        path=CATALOG_PATH,
        depth=3,
        numchild=0,
        url_path="/home/courses/",
        content_type=_content_type(apps, "courses", "catalogpage"),
        **{**common, "translation_key": uuid.uuid4()},
    )
    page_model.objects.filter(path=ROOT_PATH).update(numchild=1)
    apps.get_model("wagtailcore", "Site").objects.create(
        hostname="localhost", port=80, root_page_id=home.page_ptr_id, is_default_site=True, site_name="Parta"
    )


def make_roles(apps: Any, schema_editor: Any) -> None:
    _make_permissions(apps, schema_editor)
    apply_roles(apps, strict=False)  # later permissions are given by later migrations


def make_workflow(apps: Any, schema_editor: Any) -> None:
    """Teacher and Editor submit; a Moderator or Administrator approves. It replaces Wagtail's sample workflow."""
    workflow_model = apps.get_model("wagtailcore", "Workflow")
    task_model = apps.get_model("wagtailcore", "GroupApprovalTask")
    group_model = apps.get_model("auth", "Group")
    apps.get_model("wagtailcore", "WorkflowPage").objects.all().delete()
    workflow_model.objects.filter(name="Moderators approval").delete()
    apps.get_model("wagtailcore", "Task").objects.filter(name="Moderators approval").delete()
    task = task_model.objects.create(
        name=TASK_NAME, active=True, content_type=_content_type(apps, "wagtailcore", "groupapprovaltask")
    )
    task.groups.set(group_model.objects.filter(name__in=[Role.MODERATOR.value, Role.ADMINISTRATOR.value]))
    workflow = workflow_model.objects.create(name=WORKFLOW_NAME, active=True)
    apps.get_model("wagtailcore", "WorkflowTask").objects.create(workflow=workflow, task=task, sort_order=0)
    root = apps.get_model("wagtailcore", "Page").objects.get(path=ROOT_PATH)
    apps.get_model("wagtailcore", "WorkflowPage").objects.create(workflow=workflow, page=root)


class Migration(migrations.Migration):
    dependencies = [
        ("home", "0001_initial"),
        ("courses", "0002_initial"),
        ("enrollment", "0001_initial"),
        ("library", "0001_initial"),
        ("wagtailcore", "0098_apitoken"),
        ("wagtailadmin", "0006_formstate"),
        ("wagtailimages", "0027_image_description"),
        ("wagtaildocs", "0014_alter_document_file_size"),
        ("wagtailredirects", "0008_add_verbose_name_plural"),
        ("wagtailusers", "0015_userprofile_keyboard_shortcuts"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.RunPython(make_pages, migrations.RunPython.noop),
        migrations.RunPython(make_roles, migrations.RunPython.noop),
        migrations.RunPython(make_workflow, migrations.RunPython.noop),
    ]
