"""A shop of our own models in Django's admin; run as ``python django_project.py make|serve FOLDER [PORT] [ROWS]``.

Whoever comes is the shop's keeper: there is no password to type.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import django
from django.apps import AppConfig
from django.conf import settings
from django.core.management import call_command

LABEL = "shop"


class ShopConfig(AppConfig):  # type: ignore[misc]  # Django has no types
    """The shop as an application of Django's."""

    name = "__main__"
    label = LABEL
    verbose_name = "Shop"
    path = str(Path(__file__).parent)


def keeper(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Have every visitor be the shop's keeper."""

    def respond(request: Any) -> Any:
        from django.contrib.auth import get_user_model  # noqa: PLC0415 - once Django is set up

        request.user = get_user_model().objects.get(username="keeper")
        return get_response(request)

    return respond


def set_up(folder: Path) -> None:
    """Have Django run over a database in the folder."""
    sys.modules["django_project"] = sys.modules["__main__"]
    builtin = [f"django.contrib.{name}" for name in ("admin", "auth", "contenttypes", "sessions", "messages")]
    between = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django_project.keeper",
        "django.contrib.messages.middleware.MessageMiddleware",
    ]
    processors = ["django.template.context_processors.request", "django.contrib.auth.context_processors.auth"]
    processors.append("django.contrib.messages.context_processors.messages")
    templates = {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": processors},
    }
    settings.configure(
        DEBUG=True,
        SECRET_KEY="of a shop on this machine only",
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF="django_project",
        INSTALLED_APPS=[*builtin, "django.contrib.staticfiles", "django_project.ShopConfig"],
        MIDDLEWARE=between,
        TEMPLATES=[templates],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "shop.db")}},
        STATIC_URL="static/",
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        USE_TZ=True,
    )
    django.setup()


def models() -> dict[str, Any]:
    """Return the shop's models, which Django wants made after it is set up."""
    from django.db import models as kinds  # noqa: PLC0415

    def meta(**options: Any) -> type:
        return type("Meta", (), {"app_label": LABEL, **options})

    def model(fields: dict[str, Any], label: str, **options: Any) -> Any:
        body = {
            **fields,
            "Meta": meta(**options),
            "__module__": "django_project",
            "__str__": lambda self: getattr(self, label),
        }
        return type(options["verbose_name"].capitalize(), (kinds.Model,), body)

    text = kinds.CharField
    roaster = model(
        {"name": text(max_length=80), "country": text(max_length=60), "founded": kinds.IntegerField()},
        "name",
        verbose_name="roaster",
        ordering=["name"],
    )
    processes = [(name, name) for name in ("washed", "natural", "honey")]
    bean = model(
        {
            "name": text(max_length=80),
            "country": text(max_length=60),
            "process": text(max_length=20, choices=processes),
            "score": kinds.DecimalField(max_digits=5, decimal_places=1),
            "price": kinds.DecimalField(max_digits=7, decimal_places=2),
            "roaster": kinds.ForeignKey(roaster, on_delete=kinds.CASCADE),
            "organic": kinds.BooleanField(default=False),
            "arrived": kinds.DateField(),
        },
        "name",
        verbose_name="bean",
        ordering=["name"],
    )
    order = model(
        {
            "reader": text(max_length=60, verbose_name="customer"),
            "bean": kinds.ForeignKey(bean, on_delete=kinds.CASCADE),
            "bags": kinds.IntegerField(),
            "sent": kinds.BooleanField(default=False),
            "note": kinds.TextField(blank=True),
        },
        "reader",
        verbose_name="order",
        ordering=["id"],
    )
    return {"roaster": roaster, "bean": bean, "order": order}


def register(known: dict[str, Any]) -> None:
    """Show the models in the admin's pages."""
    from django.contrib import admin  # noqa: PLC0415

    columns: dict[str, dict[str, Any]] = {
        "roaster": {"list_display": ("name", "country", "founded"), "search_fields": ("name",)},
        "bean": {
            "list_display": ("name", "country", "process", "score", "price", "organic"),
            "list_filter": ("country", "process", "organic"),
            "search_fields": ("name", "country"),
            "list_per_page": 20,
        },
        "order": {
            "list_display": ("id", "reader", "bean", "bags", "sent"),
            "list_filter": ("sent",),
            "list_per_page": 20,
        },
    }
    for name, model in known.items():
        admin.site.register(model, type(f"{name}Admin", (admin.ModelAdmin,), columns[name]))


def make(known: dict[str, Any], rows: dict[str, list[list[Any]]]) -> None:
    """Make the tables and fill them."""
    from django.contrib.auth import get_user_model  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    with connection.schema_editor() as editor:
        for model in known.values():
            editor.create_model(model)
    get_user_model().objects.create_superuser("keeper", "keeper@localhost", None)
    roasters = [known["roaster"].objects.create(name=n, country=c, founded=f) for n, c, f in rows["roasters"]]
    beans = []
    for number, (name, country, process, score, price, roaster) in enumerate(rows["beans"]):
        more = {"organic": number % 3 == 0, "arrived": date(2024, 1, 8) + timedelta(days=number * 3)}
        fields = {"name": name, "country": country, "process": process, "score": score, "price": price}
        beans.append(known["bean"].objects.create(**fields, roaster=roasters[roaster - 1], **more))
    for number in range(34):
        who = ("Ines Kahl", "Jonas Weir", "Karla Brook", "Levin Stone", "Mira Dale")[number % 5]
        bean = beans[number * 7 % len(beans)]
        known["order"].objects.create(reader=who, bean=bean, bags=1 + number % 6, sent=number % 2 == 0)


def main() -> None:
    """Do what the command line says."""
    work, folder = sys.argv[1], Path(sys.argv[2])
    set_up(folder)
    known = models()
    register(known)
    if work == "make":
        make(known, json.loads(sys.argv[3]))
    else:
        from django.contrib import admin  # noqa: PLC0415
        from django.urls import path  # noqa: PLC0415

        globals()["urlpatterns"] = [path("admin/", admin.site.urls)]
        call_command("runserver", f"127.0.0.1:{sys.argv[3]}", use_reloader=False, verbosity=0)


if __name__ == "__main__":
    main()
