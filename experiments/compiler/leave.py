"""Asks leave before each visit to a site: of its robots.txt, and of who does not want some addresses opened."""

from __future__ import annotations

from browser_env.action import Action, Navigate, Press
from browser_env.errors import ClosedError
from browser_env.snapshot.crawling import SIGNATURE
from browser_env.snapshot.robots import Manners
from experiments.compiler.site import Site
from experiments.compiler.surveying import Survey


class Leave:
    """Leave to visit the addresses of one site; all who visit it share one, as it keeps time between visits."""

    def __init__(self, site: Site, manners: Manners | None = None):
        usual = Manners(delay_s=site.delay_s, user_agent=site.user_agent or SIGNATURE) if site.is_abroad else None
        self._site = site
        self._manners = manners or usual

    @property
    def is_needed(self) -> bool:
        """Whether anything of the site may be closed."""
        return bool(self._site.keep_out) or self._manners is not None

    async def why_not(self, url: str) -> str:
        """Return why an address may not be visited, or nothing."""
        if (reason := self._site.why_not(url)) or self._manners is None:
            return reason
        return await self._manners.why_not(url)

    async def ask(self, url: str) -> None:
        """Return when an address may be visited; raise :class:`ClosedError` where it may not."""
        if reason := await self.why_not(url):
            raise ClosedError(url, reason)
        if self._manners is not None:
            await self._manners.ask(url)

    async def without_closed(self, survey: Survey) -> Survey:
        """Return a survey without the forms that lead where nobody may go."""
        reasons = [(form, await self.why_not(form.action)) for form in survey.forms if form.method]
        return survey.without([(form, reason) for form, reason in reasons if reason])


def destination(action: Action, survey: Survey, *, here: str, typed: str) -> str:
    """Return where an action leads as far as a page says, else the page's own address; ``typed`` is the field last in.

    Raise :class:`ClosedError` where it is a link or a button that is not followed.
    """
    if isinstance(action, Navigate):
        return action.url
    id_ = str(getattr(action, "target", ""))
    if id_ in survey.closed:
        raise ClosedError(here, survey.closed[id_])
    if id_ in survey.links:
        return survey.links[id_].url
    for form in survey.forms:
        entered = form.on_enter and isinstance(action, Press) and typed in {control.id for control in form.controls}
        if form.action and (id_ in form.submits or entered):
            return form.action
    return here
