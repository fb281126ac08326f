"""Links into Temporal's Web UI, where `SELLERBEAT_TEMPORAL_UI_URL` says where it is. None: it does not."""

from __future__ import annotations

from urllib.parse import quote

from serving.context import WebContext
from workflows.messages import workflow_id

SELLERS = 'WorkflowType="SellerPolling" AND ExecutionStatus="Running"'  # as docs/how-to/operate.md: without deliveries and the short ones


def seller_workflow(context: WebContext, seller_id: str) -> str | None:
    """The seller's own workflow."""
    return _link(context, f"/{workflow_id(seller_id)}")


def sellers_workflows(context: WebContext) -> str | None:
    """The list of those that poll."""
    return _link(context, f"?query={quote(SELLERS)}")


def _link(context: WebContext, rest: str) -> str | None:
    ui = context.settings.temporal_ui_url
    return f"{ui}/namespaces/{context.namespace}/workflows{rest}" if ui else None
