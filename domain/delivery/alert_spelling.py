"""A message to people as chat and mail take it. Pure.

Chat is Slack's incoming webhook, which Mattermost and Discord (`/slack` behind the address) take too. They know not its blocks and show
`text`, which Slack shows where it has no room for blocks. Limits: a section's text 3,000 characters, a header's 150, 50 blocks a message
(docs.slack.dev/reference/block-kit/blocks); Discord's content 2,000 (discord.com/developers/docs/resources/webhook). Of what is escaped:
docs.slack.dev/messaging/formatting-message-text, "Escaping text": & < > and nothing else.
"""

from __future__ import annotations

import json
from typing import Any

from domain.delivery.alert_notice import ALL_OPEN, AlertNotice, NoticeLine

LONGEST_SECTION, LONGEST_HEADER, LONGEST_TEXT, LONGEST_SUBJECT = 3000, 150, 2000, 150


def chat_body(notice: AlertNotice, public_url: str | None) -> bytes:
    """JSON for an incoming webhook. `public_url`: where our page is; None: nobody said."""
    header = {"type": "header", "text": {"type": "plain_text", "text": cut_escaped(notice.title, LONGEST_HEADER), "emoji": False}}
    blocks: list[dict[str, Any]] = [header, *(_section(_chat_line(line, public_url)) for line in notice.lines)]
    text = cut("\n\n".join(_plain_line(line, public_url) for line in notice.lines), LONGEST_TEXT - 200)
    end = _end(notice, public_url)
    blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": cut_escaped(end, LONGEST_SECTION)}]})
    body = {"text": cut_escaped(f"{text}\n\n{end}", LONGEST_TEXT), "blocks": blocks, "unfurl_links": False, "unfurl_media": False}
    return json.dumps(body, ensure_ascii=False).encode()


def mail_subject(notice: AlertNotice) -> str:
    """One line, whatever an alert's text holds."""
    return cut(f"[Sellerbeat] {' '.join(notice.title.split())}", LONGEST_SUBJECT)


def mail_body(notice: AlertNotice, public_url: str | None) -> str:
    """Plain text."""
    return "\n\n".join([*(_plain_line(line, public_url) for line in notice.lines), _end(notice, public_url)]) + "\n"


def escaped(text: str) -> str:
    """So that nothing in it is a mention, a link or markup with brackets."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cut(text: str, most: int) -> str:
    """Its beginning, with … where there is more."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def cut_escaped(text: str, most: int) -> str:
    """Escaped, and no longer than that then: what is escaped is never cut apart."""
    left = len(text)
    while len(whole := escaped(cut(text, left))) > most:
        left -= max((len(whole) - most) // 5, 1)
    return whole


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _chat_line(line: NoticeLine, public_url: str | None) -> str:
    parts = [f"*{escaped(line.mark)}:* {cut_escaped(line.what, 1000)}"]
    if line.detail:
        parts.append(cut_escaped(line.detail, 800))
    if line.remedy:
        parts.append(f"*What to do:* {cut_escaped(line.remedy, 600)}")
    where = [f"<{link}|Seller's page>"] if (link := _seller_link(line, public_url)) else []
    where += [f"`{escaped(line.runbook)}`"] if line.runbook else []
    return "\n".join([*parts, *([" · ".join(where)] if where else [])])


def _plain_line(line: NoticeLine, public_url: str | None) -> str:
    parts = [f"{line.mark}: {line.what}", *([line.detail] if line.detail else [])]
    if line.remedy:
        parts.append(f"What to do: {line.remedy}")
    if line.runbook:
        parts.append(f"Runbook: {line.runbook}")
    if link := _seller_link(line, public_url):
        parts.append(f"Seller's page: {link}")
    return "\n".join(parts)


def _seller_link(line: NoticeLine, public_url: str | None) -> str | None:
    """Ids hold nothing that an address would have to encode (domain/seller_id.py)."""
    return f"{public_url}/sellers/{line.seller_id}" if public_url and line.seller_id else None


def _end(notice: AlertNotice, public_url: str | None) -> str:
    more = f"{notice.more} more causes are not shown. " if notice.more else ""
    return f"{more}{ALL_OPEN}" + (f", or {public_url}/" if public_url else "")
