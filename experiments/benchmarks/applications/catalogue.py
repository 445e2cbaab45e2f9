"""Which applications there are."""

from __future__ import annotations

from experiments.benchmarks.applications import (
    datasette_tables,
    django_shop,
    dokuwiki,
    mlflow_runs,
    roundup_issues,
    sqlite_web_tables,
    trac_tickets,
)
from experiments.benchmarks.applications.application import Application

APPLICATIONS: dict[str, Application] = {
    application.name: application
    for application in (
        Application(name="mlflow", make="React over JSON, SQLite", lay_out=mlflow_runs.lay_out),
        Application(name="datasette", make="Python, pages of the server over SQLite", lay_out=datasette_tables.lay_out),
        Application(name="dokuwiki", make="PHP, pages in text files", lay_out=dokuwiki.lay_out),
        Application(name="trac", make="Python, tickets in SQLite", lay_out=trac_tickets.lay_out),
        Application(name="django", make="Django's admin over models of a shop", lay_out=django_shop.lay_out),
        Application(
            name="sqlite-web", make="Flask and jQuery over SQLite", lay_out=sqlite_web_tables.lay_out, held_out=True
        ),
        Application(
            name="roundup",
            make="Python, templates of its own, issues in SQLite",
            lay_out=roundup_issues.lay_out,
        ),
    )
}
