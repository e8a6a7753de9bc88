"""Where the company's own tools and platforms deliver to: `POST /hooks/{source_id}`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from api.deps import Now
from api.errors import responses
from api.hooks import take
from api.schemas.fields import SerialId
from api.schemas.hooks import HookOut
from collectors.deliveries import KEY_OF_ADDRESS

router = APIRouter(tags=["hooks"])

_BODY = {
    "requestBody": {
        "required": True,
        "description": "An item, a list of items or `posts` and `deleted`, each item as in `POST /api/v1/mentions`; or "
        "what the platform of the source sends. At most 1,000 items and 5 MB.",
        "content": {"application/json": {"schema": {}}},
    }
}


async def raw_body(request: Request) -> bytes:
    """The body as it was sent: signatures are over its bytes."""
    return await request.body()


Body = Annotated[bytes, Depends(raw_body)]
Key = Annotated[str | None, Query(max_length=500, description="The secret, for platforms that cannot sign.")]


@router.post(
    "/hooks/{source_id}",
    name="deliver",
    responses=responses(400, 401, 404, 413, 422, 429),
    openapi_extra=_BODY,
)
def deliver(source_id: SerialId, request: Request, body: Body, now: Now, key: Key = None) -> HookOut:
    """Deliver to a source that takes hooks, signed in the header `X-Outspoken-Signature` with the source's secret.

    The same delivery again is answered `known` and stores nothing. There is no sign-in and no cookie here.
    """
    headers = {name.lower(): value for name, value in request.headers.items() if name.lower() != KEY_OF_ADDRESS}
    if key is not None:
        headers[KEY_OF_ADDRESS] = key
    client = request.client.host if request.client else "unknown"
    return take(source_id, headers, body, client, now)
